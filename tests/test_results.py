"""The tables of the documents are those that the committed results give."""

import json
import re

import numpy as np
import pytest
from scipy import stats

from benchmarks import results, results_files, results_tables
from benchmarks.results import curves_of, values_by_control
from benchmarks.results_claims import claim_table
from benchmarks.results_files import REPOSITORY, RESULTS, VIEWS
from benchmarks.results_tables import BLOCK, DOCUMENTS, FIGURES, KINDS, controls_table, figures_of, with_tables
from benchmarks.results_tolerance import LAYERED, curves_figure, curves_table, layers_figure
from lp_core.measures.all_pairs import differences_of_pairs
from lp_core.measures.many_to_one import differences_from_first

DOCUMENTS_HERE = [name for name in DOCUMENTS if (REPOSITORY / name).exists()]


@pytest.mark.parametrize("name", DOCUMENTS_HERE)
def test_a_table_stands_as_its_results_give_it(name):
    text = (REPOSITORY / name).read_text()
    assert with_tables(text) == text


@pytest.mark.parametrize("name", DOCUMENTS_HERE)
def test_a_figure_is_drawn_as_its_results_give_it(name):
    for path, svg in figures_of((REPOSITORY / name).read_text()).items():
        assert path.read_text() == svg, f"{path.name}: draw it with `python -m benchmarks.results`"


def test_every_file_of_results_is_behind_a_table():
    words = {
        word
        for name in DOCUMENTS_HERE
        for found in BLOCK.finditer((REPOSITORY / name).read_text())
        for word in re.split(r"[\s+]+", found[1])
    }
    assert {path.stem for path in RESULTS.glob("*.json")} <= words - set(KINDS) - set(FIGURES)


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_results_name_their_command_and_no_place(path):
    result = json.loads(path.read_text())
    assert result["command"].startswith(("logpolar sweep --recipe ", "logpolar run --recipe "))
    assert all(result[name] for name in ("commit", "machine", "date", "runs"))
    assert all(run["seconds"] for run in result["runs"])
    assert "/tmp" not in path.read_text()


def test_a_changed_number_changes_its_table(monkeypatch, tmp_path):
    [first, *_] = sorted(RESULTS.glob("*.json"))
    changed = json.loads(first.read_text())
    for run in changed["runs"]:
        run["top1_log_polar"] -= 1
    (tmp_path / first.name).write_text(json.dumps(changed))
    before = results_tables.views_table(first.stem)
    monkeypatch.setattr(results_files, "RESULTS", tmp_path)
    assert results_tables.views_table(first.stem) != before


def test_files_join_where_only_seeds_differ(monkeypatch, tmp_path):
    run = {"variant": "base", "control": "none", "top1_cartesian": 70.0, "top1_log_polar": 60.0, "seconds": 1.0}

    def write(name, seeds, words=""):
        runs = [run | {"run": f"base/seed-{seed}", "seed": seed} for seed in seeds]
        command = f"logpolar sweep --recipe r --run S --seeds {','.join(map(str, seeds))}{words}"
        (tmp_path / f"{name}.json").write_text(json.dumps({"command": command, "runs": runs, "findings": [name]}))

    monkeypatch.setattr(results_files, "RESULTS", tmp_path)
    write("a", [0, 1]), write("b", [2]), write("c", [1]), write("d", [3], " --train.epochs 9")
    joined = results_files.read("a+b")
    assert [row["seed"] for row in joined["runs"]] == [0, 1, 2]
    assert joined["findings"] == ["a"]
    assert results_tables.views_table("a+b")[-1].startswith("| a | 3 |")
    singles = (("e", 0, 64, "xy"), ("f", 1, 64, "xy"), ("g", 2, 32, "xy"), ("h", 3, 64, "z"))
    for name, seed, size, variants in singles:  # single runs, of which each variant has seed-N
        command = f"logpolar run --recipe r --run R --seed {seed} --data.path {variants == 'z'} --view.size {size}"
        own = run | {"run": f"seed-{seed}", "seed": seed, "command": command}
        rows = [own | {"variant": variant} for variant in variants]
        (tmp_path / f"{name}.json").write_text(json.dumps({"command": command, "runs": rows}))
    assert results_tables.ablation_table("e+f")[-2:] == [
        "| x | 2 | 60.0 (SD 0.0) |  |",
        "| y | 2 | 60.0 (SD 0.0) | +0.0 [+0.0, +0.0] |",
    ]
    for name, why in (
        ("a+c", "a run stands in both files"),
        ("a+d", "by more than their seeds"),
        ("e+g", "by more than"),
    ):
        with pytest.raises(ValueError, match=why):
            results_files.read(name)


def test_variants_are_compared_alone_and_all_together(monkeypatch, tmp_path):
    top1 = {"a": (60.0, 61.0, 63.0), "b": (58.0, 60.5, 60.0), "c": (66.0, 64.0, 68.0)}

    def written(names):
        rows = [
            {"run": f"{name}-{seed}", "variant": name, "seed": seed, "control": "none", "top1_log_polar": value}
            for name in names
            for seed, value in enumerate(top1[name])
        ]
        (tmp_path / "r.json").write_text(json.dumps({"command": "logpolar run", "runs": rows}))
        return results_tables.ablation_table("r")

    monkeypatch.setattr(results_files, "RESULTS", tmp_path)
    assert written("ab")[-1].count("[") == 1, "one comparison needs no second interval"
    lines = written("abc")
    [_, less_a] = differences_from_first(list(top1.values()))
    assert lines[-1].endswith(f"| [{less_a.low:+.1f}, {less_a.high:+.1f}] |")
    assert results_tables.ablation_figure("r") != results_tables.ablation_figure("r", "log_polar", "b")
    assert results_tables.ablation_table("r", "log_polar", "b")[2].startswith("| b | 3 | 59.5 (SD 1.3) |  |")


def test_pairs_of_variants_are_compared_over_the_seeds_of_those_that_are_named(monkeypatch, tmp_path):
    top1 = {"a": (60.0, 61.0, 63.0), "b": (58.0, 60.5, 60.0), "c": (66.0, 64.0, 68.0), "d": (1.0,)}
    rows = [
        {"run": f"{name}-{seed}", "variant": name, "seed": seed, "control": "none", "top1_log_polar": value}
        for name, values in top1.items()
        for seed, value in enumerate(values)
    ]
    monkeypatch.setattr(results_files, "RESULTS", tmp_path)
    (tmp_path / "r.json").write_text(json.dumps({"command": "logpolar run", "runs": rows}))
    lines = results_tables.pairs_table("r", "log_polar", "c:a", "b:c")
    found = differences_of_pairs([top1[name] for name in "abc"], [(2, 0), (1, 2)])
    for line, words, of_all in zip(lines[1:], ("c less a", "b less c"), found, strict=True):
        assert line.startswith(f"| {words} | 3 | {of_all.estimate:+.1f} [")
        assert line.endswith(f" | [{of_all.low:+.1f}, {of_all.high:+.1f}] |")


def test_a_claim_is_shown_over_sets_with_equal_conditions(monkeypatch, tmp_path):
    def write(name, measure, reason, outcome):
        condition = {"measure": measure, "outcome": outcome, "reason": f"{measure} {reason}"}
        row = {"claim": "c", "verdict": "undecided", "conditions": [condition]}
        (tmp_path / f"{name}.json").write_text(json.dumps({"command": "logpolar sweep", "runs": [], "findings": [row]}))

    monkeypatch.setattr(results_files, "RESULTS", tmp_path)
    write("a", "m", "is 0.4 [0.3, 0.5]; m above 0 by its interval: holds", "holds")
    write("b", "m", "is -0.02 [-0.07, 0.02], equivalent to 0 within 0.1", "fails")
    write("c", "m", "was not measured (one checkpoint was scanned)", "open")
    write("d", "n", "is 1", "open")
    assert claim_table("c", "b", "a", "c")[1:] == [
        "| m above 0 by its interval | -0.02 [-0.07, 0.02], equivalent to 0 within 0.1: fails | 0.4 [0.3, 0.5]: holds "
        "| not measured |",
        "| verdict | undecided | undecided | undecided |",
    ]
    with pytest.raises(ValueError, match="have other conditions"):
        claim_table("c", "a", "d")
    with pytest.raises(ValueError, match="has no claim e"):
        claim_table("e", "a")


def test_controls_stand_beside_the_networks_that_learned(monkeypatch, tmp_path):
    def row(seed, control, value, measure="grouping.G.lambda", view="cartesian", layer="conv5_2"):
        return {"variant": "base", "view": view, "layer": layer, "measure": measure} | {
            "seed": seed,
            "control": control,
            "value": value,
        }

    trained = {0: 0.3, 1: 0.5, 2: 0.4}
    rows = [
        row(seed, "none", value, view=view) for view in ("cartesian", "log_polar") for seed, value in trained.items()
    ]
    assert values_by_control(rows) == [], "no labels were shuffled"
    rows += [row(seed, "shuffled", value - 0.4, view=view) for seed, value in trained.items() for view in VIEWS]
    others = [row(0, "none", 9.0, "grouping.W.lambda"), row(0, "none", 9.0, layer="conv1_1")]
    others += [row(0, "none", 9.0, view="log_polar - cartesian")]
    found = values_by_control(rows + others)
    assert found == values_by_control(rows)
    monkeypatch.setattr(results_files, "RESULTS", tmp_path)
    (tmp_path / "r.json").write_text(json.dumps({"command": "logpolar sweep", "runs": [], "controls": found}))
    half = stats.t.ppf(0.975, 2) * 0.1 / 3**0.5
    ends = f"[{0.4 - half:.3g}, {0.4 + half:.3g}]"
    line = controls_table("r", "grouping.G.lambda")[-1]
    assert line.startswith(f"| grouping.G.lambda | log-polar | 3 | 0.4 {ends} | ")
    assert line.endswith(f"[{-half:.3g}, {half:.3g}] |")


def test_curves_are_those_of_trained_networks_and_no_maps(monkeypatch, tmp_path):
    def row(seed, view, transform, value, top1, control="none"):
        names = ("seed", "view", "transform", "value", "top1", "control")
        return dict(zip(names, (seed, view, transform, value, top1, control), strict=True)) | {"variant": "base"}

    rows = [
        row(seed, view, "rotation", angle, 60 - 10 * (view == "log_polar") + seed - angle)
        for seed in (0, 1)
        for view in ("cartesian", "log_polar")
        for angle in (0, 15)
    ]
    others = [row(0, "log_polar", "fixation_crop", 0, 1.0), row(0, "log_polar", "rotation", 0, 1.0, "shuffled")]
    curves = curves_of(rows + others)
    assert curves[0]["value"] == [0, 15]
    assert len(curves) == 4
    monkeypatch.setattr(results_files, "RESULTS", tmp_path)
    (tmp_path / "r.json").write_text(json.dumps({"command": "logpolar sweep", "runs": [], "curves": curves}))
    assert curves_table("r", "rotation")[1:] == [
        "| rotation: at 0 | 2 | 60.5 (SD 0.7) | 50.5 (SD 0.7) | -10.0 [-10.0, -10.0] |",
        "| rotation: mean | 2 | 53.0 (SD 0.7) | 43.0 (SD 0.7) | -10.0 [-10.0, -10.0] |",
    ]


def test_curves_and_layers_are_drawn(monkeypatch, tmp_path):
    transforms = {"rotation": (0, 90, 180, 270), "scale": (-1, 0, 1)}
    transforms |= {f"{mask}{fill}": (0.5, 1) for mask in ("window", "scotoma") for fill in ("", "_photograph")}
    curves = [
        {"seed": seed, "view": view, "transform": name, "value": list(values), "top1": [50 + seed + x for x in values]}
        for seed in (0, 1)
        for view in ("cartesian", "log_polar")
        for name, values in transforms.items()
    ]
    values = [
        {"measure": measure, "view": view, "layer": layer, "mean": mean}
        for styles in LAYERED.values()
        for measure in styles
        for view in ("cartesian", "log_polar")
        for layer, mean in {"conv1_1": 1.0, "conv1_2": 0.5}.items()
    ]

    def write():
        result = {"command": "logpolar sweep", "runs": [], "curves": curves, "values": values}
        (tmp_path / "r.json").write_text(json.dumps(result))
        return curves_figure("r", "32"), layers_figure("r")

    monkeypatch.setattr(results_files, "RESULTS", tmp_path)
    first, layers = write()
    assert all(f">{title}<" in first for title in ("Turned", "Larger or smaller"))
    assert ">−180<" in first, "angles run from half a turn to the left"
    assert all(f">{title}<" in layers for title in [*LAYERED, "conv1_2"])
    curves[0]["top1"][1] += 1
    values[0]["mean"] += 1
    changed = write()
    assert changed[0] != first
    assert changed[1] != layers


def test_a_difference_of_views_changes_by_seed(monkeypatch, tmp_path):
    def write(name, ordinary, log_polar):
        runs = [
            {"variant": name, "control": "none", "seed": seed, f"top1_{view}": value}
            for view, values in (("cartesian", ordinary), ("log_polar", log_polar))
            for seed, value in enumerate(values)
        ]
        (tmp_path / f"{name}.json").write_text(json.dumps({"command": "logpolar run", "runs": runs}))

    monkeypatch.setattr(results_files, "RESULTS", tmp_path)
    write("a", [70, 71, 72], [60, 62, 61])
    write("b", [68, 70, 69], [61, 62, 63])
    change = [(61 - 68) - (60 - 70), (62 - 70) - (62 - 71), (63 - 69) - (61 - 72)]
    half = stats.t.ppf(0.975, 2) * np.std(change, ddof=1) / 3**0.5
    mean = np.mean(change)
    assert results_tables.change_table("a", "b")[-1] == (
        f"| log-polar less ordinary | 3 | {mean:+.1f} [{mean - half:+.1f}, {mean + half:+.1f}] |"
    )
    write("c", [], [])
    with pytest.raises(ValueError, match="ordinary has no seed in both"):
        results_tables.change_table("a", "c")


def test_what_changes_of_a_variant_is_less_what_changes_of_the_reference(monkeypatch, tmp_path):
    def write(name, **variants):
        runs = [
            {"variant": variant, "control": "none", "seed": seed, f"top1_{view}": value}
            for variant, (view, values) in variants.items()
            for seed, value in enumerate(values)
        ]
        (tmp_path / f"{name}.json").write_text(json.dumps({"command": "logpolar run", "runs": runs}))

    monkeypatch.setattr(results_files, "RESULTS", tmp_path)
    write("a", x=("cartesian", [70, 71, 72]), y=("log_polar", [60, 62, 61]), z=("cartesian", [1, 2, 3]))
    write("b", x=("cartesian", [66, 65, 70]), y=("log_polar", [59, 60, 62]))
    lines = results_tables.variant_changes_table("a", "b", "x")[1:]
    alone, beyond = np.array([-1, -2, 1]), np.array([-1, -2, 1]) - [-4, -6, -2]
    half = [stats.t.ppf(0.975, 2) * np.std(values, ddof=1) / 3**0.5 for values in (alone, beyond)]
    cells = [
        f"{of.mean():+.1f} [{of.mean() - part:+.1f}, {of.mean() + part:+.1f}]"
        for of, part in zip((alone, beyond), half, strict=True)
    ]
    assert lines[-1] == f"| y | 3 | {cells[0]} | {cells[1]} |"
    assert [line.split(" | ")[0] for line in lines] == ["| x", "| y"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("runs/a", ("a", "runs/a", None)),
        ("zeros=runs/a", ("zeros", "runs/a", None)),
        ("zeros=runs/scale=1/a@log_polar", ("zeros", "runs/scale=1/a", "log_polar")),
        ("runs/scale=1/a@cartesian", ("a", "runs/scale=1/a", "cartesian")),
        ("runs/a@home", ("a@home", "runs/a@home", None)),
    ],
)
def test_a_run_may_have_a_title_and_one_view(word, expected, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    title, run, view = results._titled(word)
    assert (title, run.uri, view) == (expected[0], str(tmp_path / expected[1]), expected[2])
