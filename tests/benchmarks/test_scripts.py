"""Every script of benchmarks/ is in its index, says how it is run, uses the shared harness, and answers `--help`."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "benchmarks"
SHARED = {
    "timing.py",
    "machine.py",
    "original_chain.py",
    "results_claims.py",
    "results_figures.py",
    "results_files.py",
    "results_tables.py",
    "results_tolerance.py",
    "results_variants.py",
    "factorial.py",
}
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.name not in SHARED)
INDEX = (FOLDER / "README.md").read_text()

each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)


@each_script
def test_a_script_says_how_it_is_run_and_asks_no_clock_of_its_own(script: Path) -> None:
    text = script.read_text()
    assert f"    python -m benchmarks.{script.stem}" in ast.get_docstring(ast.parse(text), clean=False)
    assert not re.search(r"time\.(monotonic|perf_counter|process_time)\(\)", text)
    assert "machine_line(" in text


@each_script
def test_the_index_names_the_document_that_holds_the_result(script: Path) -> None:
    [document] = re.findall(rf"^\| `{script.name}` \|.*\]\(\.\./(.*)\) \|$", INDEX, re.MULTILINE)
    assert script.stem in (REPOSITORY / document).read_text()


def test_the_index_has_no_other_scripts() -> None:
    assert re.findall(r"^\| `(\w+\.py)`", INDEX, re.MULTILINE) == [path.name for path in SCRIPTS]


@pytest.mark.slow
@each_script
def test_a_script_answers_help(script: Path) -> None:
    command = [sys.executable, "-m", f"benchmarks.{script.stem}", "--help"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout
