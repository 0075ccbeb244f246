"""Every file, folder and module that a document, docstring or comment names exists."""

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
TOP = "benchmarks|cluster|docs|lp_core|tasks|tests|workflows"
PATH = re.compile(rf"(?<![\w/.<-])(?:\.\./)?((?:{TOP})/[\w./*-]*[\w/*])")
"""A path from the repository's root."""
MODULE = re.compile(r"(?<![\w./])(?:python -m |`)((?:benchmarks|docs|lp_core|tasks|tests|workflows)(?:\.\w+)+)")
"""A module in a command or in backticks, possibly with a name in it."""
BARE = re.compile(r"`(\w+\.(?:py|md|yaml))\b[^`\n]*`")
"""A file named without its folder."""
PROSE = {".md", ".py", ".toml", ".yaml", ".html", ".js", ".css"}


def tracked() -> list[Path]:
    """Files of the repository, or of an unpacked archive of it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = listed.stdout.splitlines() or [
        str(path.relative_to(REPOSITORY)) for folder in TOP.split("|") for path in (REPOSITORY / folder).rglob("*")
    ]
    return [REPOSITORY / name for name in names if (REPOSITORY / name).is_file()]


USERS = {
    "my_recipes.py",
    "tasks.py",
    "workflows.py",
    "lp_core.py",
    "random.py",
    "tasks/notes.txt",
    "workflows/notes.txt",
}
"""Files of a user that stand in the way of ours, in documents and tests."""
FILES = tracked()
NAMES = {path.name for path in FILES}
READ = [
    path
    for path in FILES
    if (path.suffix in PROSE or path.name in ("Makefile", "Dockerfile"))
    and path != Path(__file__)  # names what does not exist, to show that this is noticed
]


def exists(path: str) -> bool:
    return any(REPOSITORY.glob(path)) if "*" in path else (REPOSITORY / path).exists()


def is_module(dotted: str) -> bool:
    """A module or package, or a name that a module's text has."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        path = REPOSITORY.joinpath(*parts[:length])
        if path.is_dir():
            return length == len(parts) or (
                (path / "__init__.py").is_file() and parts[length] in (path / "__init__.py").read_text()
            )
        if (file := path.with_suffix(".py")).is_file():
            return all(re.search(rf"\b{name}\b", file.read_text()) for name in parts[length:])
    return False


def missing(text: str) -> list[str]:
    return [
        *(path for path in PATH.findall(text) if path not in USERS and not exists(path)),
        *(dotted for dotted in MODULE.findall(text) if dotted not in USERS and not is_module(dotted)),
        *(name for name in BARE.findall(text) if name not in NAMES | USERS),
    ]


@pytest.mark.parametrize("path", READ, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_what_a_file_names_exists(path: Path) -> None:
    assert missing(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "see benchmarks/no_such_script.py",
        "`lp_core/no_such_folder/`",
        "python -m benchmarks.no_such_script --help",
        "`lp_core.storage.no_such_name`",
        "`no_such_file.py --option 3`",
    ],
)
def test_a_dead_reference_is_found(text: str) -> None:
    assert len(missing(text)) == 1


@pytest.mark.parametrize(
    "text", ["lp_core/", "`lp_core.storage.Storage`", "docs/*.md", "see tests/conftest.py.", "`test_paths.py --x`"]
)
def test_a_live_reference_is_not(text: str) -> None:
    assert missing(text) == []
