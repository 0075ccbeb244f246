"""`lp_core` says facts: its messages name no command and no flag of the command line, which `workflows` adds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

LP_CORE = Path(__file__).parents[1] / "lp_core"
OF_THE_COMMAND_LINE = re.compile(r"\blogpolar [a-z]|(?<![\w-])--[a-z]")
NOT_YET = ("indexing/",)
"""Folders whose messages still name flags."""
NO_MESSAGES = ("measures/make_wordnet.py", "report/svg.py")
"""Scripts with options of their own, and names of CSS variables."""
FILES = [path for path in sorted(LP_CORE.rglob("*.py")) if not path.relative_to(LP_CORE).as_posix().startswith(NOT_YET)]


def strings(tree: ast.Module) -> Iterator[ast.Constant]:
    """The strings of a module but its docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(LP_CORE).as_posix())
def test_no_message_names_a_command_or_a_flag(path: Path) -> None:
    if path.relative_to(LP_CORE).as_posix() in NO_MESSAGES:
        return
    found = [node for node in strings(ast.parse(path.read_text())) if OF_THE_COMMAND_LINE.search(node.value)]
    assert [f"line {node.lineno}: {node.value}" for node in found] == []
