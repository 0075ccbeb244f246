"""`run_tables`: whole runs with planted groups and foveas end in the verdicts that they should."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from lp_core.findings.grouping import Likeness, channel_effects, grouping_table, measure_grouping
from lp_core.findings.run_tables import MeasuredChannels, MeasuredNetwork, run_tables
from lp_core.findings.twin_table import twin_table
from lp_core.findings.values import DIFFERENCE
from lp_core.findings.verdict_rows import RunSize, findings
from lp_core.measures.intervals import t_interval
from lp_core.measures.rules import committed_rules, read_rules
from tests.lp_core.findings.simulated import GEOMETRY, LAYER, simulated_activity, simulated_nines

VIEWS = ("cartesian", "log_polar")
RULES = read_rules(committed_rules())
CHANNELS, CLASSES, IMAGES = 24, 100, 5_000


def simulated_run(seed, planted, fovea=0.0, views=VIEWS, samples=39):
    """A run whose trained networks have so many grouped channels, and so strong a fovea."""
    rng = np.random.default_rng(seed)
    label_N = np.arange(IMAGES) % CLASSES
    networks, channels = [], {}
    for view in views:
        for network, groups, strength in (("trained", planted, fovea), ("untrained", 0, 0.0), ("scrambled", None, 0.0)):
            activity = simulated_activity(view, rng, channels=CHANNELS, fovea=strength)
            grouping = None
            if groups is not None:
                nines = simulated_nines(label_N, rng, channels=CHANNELS, planted=groups)
                effects = measure_grouping(nines, Likeness(), samples, rng)
                grouping = grouping_table(nines, effects, view, network)
                channels.setdefault(view, MeasuredChannels(nines, channel_effects(nines, effects)))
            networks.append(MeasuredNetwork(view, network, grouping, activity))
    return networks, channels


def tables_of(*arguments, **options):
    networks, channels = simulated_run(*arguments, **options)
    return run_tables(networks, channels, GEOMETRY, independent=0.01)


def verdicts(runs):
    sizes = [RunSize(224, CLASSES, IMAGES, run.complete_channels()) for run in runs]
    return {row["claim"]: row["verdict"] for row in findings([run.values for run in runs], sizes, RULES)}


def test_planted_groups_are_supported_and_a_planted_fovea_is_above_0():
    runs = [tables_of(seed, planted=18, fovea=1.0) for seed in range(3)]
    found = verdicts(runs)
    assert found["strong-grouping"] == found["strong-grouping-log-polar"] == "supported"
    assert found["fovea-not-useful"] == "refuted"
    for run in runs:
        for control in ("untrained", "scrambled"):
            assert run.values["log_polar", LAYER, f"firing.foveal_index.against_{control}"] > 0.1
        assert run.values["cartesian", LAYER, "grouping.G.significant_share"] == pytest.approx(18 / 24, abs=0.05)
        assert run.values["cartesian", LAYER, "grouping.G.independent"] == 0.01


def test_networks_without_groups_support_nothing():
    runs = [tables_of(seed, planted=0) for seed in range(3)]
    found = verdicts(runs)
    assert "supported" not in found.values()
    shares = [run.values[view, LAYER, "grouping.G.significant_share"] for run in runs for view in VIEWS]
    assert np.mean(shares) <= 0.05


def test_untrained_networks_against_untrained_ones_are_rejected_at_the_level_at_most():
    """Lambda of three seeds whose "trained" networks have learned nothing: its interval excludes 0 in 5 % of trials."""
    label_N = np.arange(IMAGES) % CLASSES
    rng = np.random.default_rng(5)
    trials, rejected = 60, 0
    for _ in range(trials):
        lambdas = []
        for _seed in range(3):
            nines = [simulated_nines(label_N, rng, channels=12) for _ in range(2)]
            deltas = [measure_grouping(each, Likeness(), 9, rng, only="classes")["G"].delta_L[0] for each in nines]
            lambdas.append(deltas[0] - deltas[1])
        interval = t_interval(np.array(lambdas))
        rejected += not interval.low <= 0 <= interval.high
    assert stats.binomtest(rejected, trials, 0.05, "greater").pvalue > 0.01


def test_tables_agree_with_each_other():
    networks, channels = simulated_run(0, planted=6)
    twins = twin_table(*VIEWS, [{"layer": LAYER, "share": 0.4, "threshold": 0.1, "median_correlation": 0.3}])
    made = run_tables(networks, channels, GEOMETRY, twins=twins)
    assert set(made.tables) == {
        f"measures/{name}.parquet" for name in ("grouping", "channels", "firing", "angles", "twins", "values")
    }
    by_channel = made.tables["measures/channels.parquet"].to_pandas()
    grouping = made.tables["measures/grouping.parquet"].to_pandas()
    for view in VIEWS:
        mine = by_channel[by_channel.view == view]
        row = grouping[(grouping.view == view) & (grouping.network == "trained") & (grouping.measure == "G")].iloc[0]
        assert mine.G.mean() == pytest.approx(row["mean"])
        assert (mine.G_q < 0.05).mean() == pytest.approx(row["significant_share"])
        assert set(mine.columns) >= {"W", "W_z", "M", "E", "padding_share", "fill_share"}
        assert mine.W.isna().all()
        assert mine.foveal_index.notna().all()
        assert (mine.eccentricity_px > 0).all()
    assert made.values[DIFFERENCE, LAYER, "twins.share"] == 0.4
    assert made.complete_channels() == dict.fromkeys([(view, LAYER) for view in VIEWS], CHANNELS)
    assert made.tables["measures/values.parquet"].num_rows == len(made.values)


def test_a_run_without_activity_by_ring_has_no_places():
    networks, channels = simulated_run(0, planted=6, views=("cartesian",))
    bare = [MeasuredNetwork(found.view, found.network, found.grouping) for found in networks]
    made = run_tables(bare, channels, GEOMETRY)
    assert set(made.tables) == {f"measures/{name}.parquet" for name in ("grouping", "channels", "values")}
    assert not [name for _, _, name in made.values if name.startswith("firing")]
    assert isinstance(made.tables["measures/channels.parquet"], pa.Table)
