"""The public names of `lp_core`: each is there, documented, seen by type checkers, and costs nothing until used."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from mypy import api

import lp_core

REPOSITORY = Path(__file__).parents[1]
COSTLY = ("torch", "cv2", "numpy", "scipy", "pyarrow", "ray")


def imported_after(code: str) -> set[str]:
    """The costly packages that a new process has imported after some code."""
    script = f"import sys\n{code}\nprint(*(name for name in {COSTLY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_costly() -> None:
    assert imported_after("import lp_core; lp_core.__version__; dir(lp_core)") == set()


def test_names_that_need_no_torch_import_none() -> None:
    names = "LogPolarMap, LogpolarError, NetworkSettings, concordance, receptive_field, t_interval, twin_channels"
    assert "torch" not in imported_after(f"from lp_core import {names}")


def test_all_names_together_import_torch_but_never_ray() -> None:
    assert imported_after("from lp_core import *") == set(COSTLY) - {"ray"}


@pytest.mark.parametrize("name", [name for name in lp_core.__all__ if name != "__version__"])
def test_a_public_name_is_that_of_its_module(name: str) -> None:
    value = getattr(lp_core, name)
    assert value.__name__ == name
    assert value.__module__.startswith("lp_core.")
    assert getattr(import_module(value.__module__), name) is value
    assert value.__doc__


def test_star_import_gives_all_of_them() -> None:
    names: dict[str, object] = {}
    exec("from lp_core import *", names)
    assert set(lp_core.__all__) <= set(names)
    assert set(lp_core.__all__) <= set(dir(lp_core))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'LogPolarMapp'"):
        _ = lp_core.LogPolarMapp
    with pytest.raises(ImportError):
        exec("from lp_core import no_such_name", {})


def test_type_checkers_are_told_the_same_names_in_the_same_modules() -> None:
    tree = ast.parse((REPOSITORY / "lp_core" / "__init__.py").read_text())
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    told = {
        alias.name: statement.module
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert told == {name: f"lp_core.{module}" for name, module in lp_core._MODULES.items()}
    assert {*told, "__version__"} == set(lp_core.__all__)


@pytest.mark.slow  # mypy reads torch's types
def test_mypy_knows_the_type_of_a_name(tmp_path: Path) -> None:
    file = tmp_path / "user.py"
    file.write_text("from lp_core import receptive_field\nreveal_type(receptive_field('conv1_1').box(0, 0).top)\n")
    found, errors, _ = api.run(["--config-file=", f"--cache-dir={tmp_path}", "--follow-imports=silent", str(file)])
    assert errors == ""
    assert 'note: Revealed type is "int"' in found


def test_the_package_says_that_it_is_typed() -> None:
    assert (REPOSITORY / "lp_core" / "py.typed").exists()


def test_every_public_name_is_documented_once() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (REPOSITORY / "docs" / "LIBRARY.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(set(lp_core.__all__) - {"__version__"})


ENTRY = re.compile(r"^::: lp_core\.([\w.]+)\.(\w+)$", re.MULTILINE)
"""An entry of the reference, by module and name."""
ENTRIES = [
    entry for page in sorted((REPOSITORY / "docs" / "api").glob("*.md")) for entry in ENTRY.findall(page.read_text())
]


def test_every_public_name_has_one_entry_in_the_reference() -> None:
    assert sorted((name, module) for module, name in ENTRIES) == sorted(lp_core._MODULES.items())


@pytest.mark.parametrize("name", [name for name in lp_core.__all__ if not name.endswith("Error") and name[0] != "_"])
def test_the_reference_says_where_a_name_comes_from(name: str) -> None:
    """A paper, a library, a measurement, or our choice; results of one name are documented where it is."""
    if name == "Peaks":
        name = "find_peaks"
    if name == "TopK":
        name = "merge"
    assert "Source:" in getattr(lp_core, name).__doc__
