"""The tables of the documents are those that the committed results give."""

import json
import re

import pytest

from benchmarks.results_tables import BLOCK, DOCUMENTS, FIGURES, KINDS, REPOSITORY, RESULTS, figures_of, with_tables

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
    import benchmarks.results_tables as results

    [first, *_] = sorted(RESULTS.glob("*.json"))
    changed = json.loads(first.read_text())
    for run in changed["runs"]:
        run["top1_log_polar"] -= 1
    (tmp_path / first.name).write_text(json.dumps(changed))
    before = results.views_table(first.stem)
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    assert results.views_table(first.stem) != before


def test_files_join_where_only_seeds_differ(monkeypatch, tmp_path):
    import benchmarks.results_tables as results

    run = {"variant": "base", "control": "none", "top1_cartesian": 70.0, "top1_log_polar": 60.0, "seconds": 1.0}

    def write(name, seeds, words=""):
        runs = [run | {"run": f"base/seed-{seed}", "seed": seed} for seed in seeds]
        command = f"logpolar sweep --recipe r --run S --seeds {','.join(map(str, seeds))}{words}"
        (tmp_path / f"{name}.json").write_text(json.dumps({"command": command, "runs": runs, "findings": [name]}))

    monkeypatch.setattr(results, "RESULTS", tmp_path)
    write("a", [0, 1]), write("b", [2]), write("c", [1]), write("d", [3], " --train.epochs 9")
    joined = results.read("a+b")
    assert [row["seed"] for row in joined["runs"]] == [0, 1, 2]
    assert joined["findings"] == ["a"]
    assert results.views_table("a+b")[-1].startswith("| a | 3 |")
    for name, why in (("a+c", "a run stands in both files"), ("a+d", "by more than their seeds")):
        with pytest.raises(ValueError, match=why):
            results.read(name)
