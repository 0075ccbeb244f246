"""Tests mirror the code: a file names the module it tests and says what it proves; functions have names."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FILES = sorted(TESTS.rglob("*.py"))
LAYERS = ("lp_core", "tasks", "workflows")

WITHOUT_MODULE = {
    "tests/lp_core/exemplars/test_zennit_crp.py": "peaks and top_k together, against a peer",
    "tests/lp_core/indexing/layouts/test_layouts.py": "the package's own functions and all its modules in turn",
    "tests/lp_core/network/test_golden_curve.py": "numbers of a whole training, from drawing images to the optimiser",
    "tests/workflows/test_autoscaling.py": "whole commands on a cluster that grows and shrinks",
    "tests/workflows/test_chain.py": "whole commands, one after the other, as a user runs them",
    "tests/workflows/test_chain_faults.py": "the same on damaged data",
    "tests/workflows/test_foreign_modules.py": "whole commands beside a user's modules of our names",
    "tests/workflows/test_last_settings.py": "whole commands whose settings differ from those of the command before",
    "tests/workflows/test_nodes.py": "whole commands on a cluster that loses nodes",
    "tests/workflows/test_object_store_outage.py": "a whole command whose object store vanishes",
    "tests/workflows/test_preflight.py": "tasks/preflight.py through whole commands on a cluster",
}
"""Files that belong to no single module, each with the reason."""


def relative(path: Path) -> str:
    return path.relative_to(TESTS.parent).as_posix()


def modules_beside(test: Path) -> list[str]:
    """Modules of the folder that a test's folder mirrors."""
    return [path.stem for path in (TESTS.parent / test.relative_to(TESTS).parent).glob("*.py")]


MIRRORED = [path for layer in LAYERS for path in sorted((TESTS / layer).rglob("test_*.py"))]


@pytest.mark.parametrize("path", MIRRORED, ids=relative)
def test_a_file_is_named_after_its_module_or_says_why_not(path: Path) -> None:
    """`test_<module>.py` or `test_<module>_<aspect>.py`, in the folder that mirrors the module's."""
    name = path.stem.removeprefix("test_")
    has_module = any(name == module or name.startswith(f"{module}_") for module in modules_beside(path))
    assert has_module != (relative(path) in WITHOUT_MODULE)


def test_the_list_of_exceptions_is_no_longer_than_it_need_be() -> None:
    assert set(WITHOUT_MODULE) <= {relative(path) for path in MIRRORED}


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_says_what_it_proves(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_every_function_has_a_name_of_its_own() -> None:
    """A second function of one name in a file would replace the first, and pytest would never run that."""
    for path in FILES:
        functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        names = [function.name for function in functions]
        assert "_" not in names, f"{relative(path)}:{functions[names.index('_')].lineno}"
        assert len(names) == len(set(names)), relative(path)
