"""The table of rules over seeds: every seed is judged by itself, numbers are means, what no seed has is a dash."""

from lp_core.report.sanity_seeds_table import sanity_seeds_tables

PASSES = {"survives": 0.1, "survives_ssim": 0.2, "deletion.effect": 0.3, "occlusion.against_edges": 0.2}
FAILS = PASSES | {"survives": 0.7}
UNTESTED = {"survives": 0.1, "occlusion.against_edges": 0.2}


def rows(seeds, rule="guided", view="log_polar"):
    found = [
        {"view": view, "layer": layer, "measure": "channels.dead_share", "value": 0.0, "seed": 0}
        for layer in ("conv1_2", "conv5_2")
    ]  # the network's order
    return found + [
        {"view": view, "layer": layer, "measure": f"pictures.{rule}.{name}", "value": value, "seed": seed}
        for layer in ("conv5_2", "conv1_2")
        for seed, numbers in enumerate(seeds)
        for name, value in numbers.items()
    ]


def test_seeds_are_counted_and_numbers_are_means():
    [table] = sanity_seeds_tables(rows([PASSES, FAILS, UNTESTED]))
    assert table.view == "log_polar"
    assert [layer for layer, _ in table.rows] == ["conv1_2", "conv5_2"]
    guided, deconvnet, _ = table.rows[0][1]
    assert (guided.passed, guided.failed, guided.unknown) == (1, 1, 1)
    assert (guided.survives, guided.survives_ssim, guided.deletion, guided.occlusion) == ("30", "20", "+30", "+20")
    assert guided.ranges == "survives 10 to 70 / 20 to 20, box +30 to +30, 10 % +20 to +20"
    assert (deconvnet.passed, deconvnet.failed, deconvnet.unknown, deconvnet.survives) == (0, 0, 0, "–")


def test_differences_of_views_and_other_measures_are_no_table():
    assert sanity_seeds_tables(rows([PASSES], view="log_polar - cartesian")) == []
    assert sanity_seeds_tables([row for row in rows([PASSES]) if row["measure"].startswith("channels")]) == []
