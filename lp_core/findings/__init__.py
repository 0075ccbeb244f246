"""From the tables of scans to the tables of findings: what the measures of `lp_core.measures` give for one run.

`nines` reads exemplars; `grouping` and `firing` measure one network. `run_tables` makes all tables of `RUN/measures/`,
with `channel_table`, `twin_table`, `matched` and `values`. `verdict_rows` applies the rules to values; `seeds` compares
the runs of a sweep. Nothing here knows folders of runs, stages or Ray.
"""
