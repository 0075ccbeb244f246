"""Arrows point down: lp_core <- tasks <- workflows, and lp_core never needs Ray."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

LAYERS = ("lp_core", "tasks", "workflows")
MODULES = sorted(path for layer in LAYERS for path in (REPOSITORY / layer).rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_layer_imports_only_layers_below(path):
    layer = path.relative_to(REPOSITORY).parts[0]
    above = set(LAYERS[LAYERS.index(layer) + 1 :])
    forbidden = above | ({"ray"} if layer == "lp_core" else set())
    assert not forbidden & set(imported(path))


def test_lp_core_imports_without_ray():
    names = [
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
        for path in (REPOSITORY / "lp_core").rglob("*.py")
    ]
    code = f"import sys; sys.modules['ray'] = None\nfor name in {names!r}: __import__(name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["lp_core.dataset.feed", "tasks.ingest", "workflows.cli", "workflows.run"])
def test_torch_is_not_imported(name):
    """Readers need none, and a finished run that is started again should end at once."""
    code = f"import sys, {name}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_files_hold_one_noun(path):
    assert path.stem not in {"utils", "helpers", "common", "misc", "manager"}
    assert len(path.read_text().splitlines()) <= 400
