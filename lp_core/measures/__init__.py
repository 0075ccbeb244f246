"""What can be said about channels and views, as numbers.

A measure is a function of plain arrays in a file named after what it measures (`grouping`, `firing`, `twins`, ...); its
docstring gives range and source, and a slow twin in `tests/reference/` checks it. What chance alone would give stands
in `nulls`, `curveball`, `popularity` and `independent_images`; intervals and tests in `intervals` and `statistics`.
`measure.toml` fixes, before a run, which values of a measure support or refute a sentence; `rules` reads it and
`verdicts` applies it.
"""

MEASURES_VERSION = 3
"""Number of the code that measures: raise it with every change that changes a number, and finished measures are stale.
"""
