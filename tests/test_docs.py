"""Documents name what exists, and what exists is named."""

import re
import tomllib
from pathlib import Path

import pytest

from workflows.cli import VERBS
from workflows.recipes import RECIPES

REPOSITORY = Path(__file__).parents[1]

README = (REPOSITORY / "README.md").read_text()


@pytest.mark.parametrize("verb", VERBS)
def test_the_page_of_commands_names_every_verb(verb):
    commands = (REPOSITORY / "docs" / "reference" / "commands.md").read_text()
    assert re.search(rf"`(logpolar )?{verb}\b", commands)


def test_the_readme_is_one_page():
    assert len(README.splitlines()) < 100


def test_the_architecture_names_every_folder_of_the_code():
    architecture = (REPOSITORY / "docs" / "ARCHITECTURE.md").read_text()
    folders = {
        path.parent
        for layer in ("lp_core", "tasks", "workflows")
        for path in (REPOSITORY / layer).glob("**/__init__.py")
    }
    indexing = REPOSITORY / "lp_core" / "indexing"
    for folder in folders - {REPOSITORY / "lp_core"}:
        if folder.parent == indexing:
            assert f"- `{folder.name}`: " in (indexing / "__init__.py").read_text()
        else:
            assert f"`{folder.relative_to(REPOSITORY)}/`" in architecture


@pytest.mark.parametrize(
    "path",
    [
        *sorted(REPOSITORY.glob("*.md")),
        *sorted(REPOSITORY.glob("docs/**/*.md")),
        *sorted(REPOSITORY.glob("*/README.md")),
    ],
    ids=lambda p: p.relative_to(REPOSITORY).as_posix(),
)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_every_dependency_has_its_reason():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    reasons = (REPOSITORY / "docs" / "ARCHITECTURE.md").read_text()
    groups = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["dependency-groups"]
    for requirement in project["dependencies"] + project["optional-dependencies"]["test"] + groups["docs"]:
        name = re.match(r"[A-Za-z0-9-]+", requirement).group()
        assert name in reasons, name


NAMED = re.compile(r"`([A-Za-z_.]+)(?:\([^`]*\))?` (?:in|of) `([\w/]+\.py)`")
"""A name in backticks, and the file that has it."""


def test_where_to_look_names_what_a_file_has():
    text = (REPOSITORY / "docs" / "ARCHITECTURE.md").read_text()
    section = text[text.index("## Where to look") : text.index("## The way of one row")]
    pairs = NAMED.findall(section)
    assert len(pairs) > 15
    for name, file in pairs:
        for part in name.split("."):
            assert re.search(rf"\b{part}\b", (REPOSITORY / file).read_text()), f"{name} in {file}"


def test_recipes_are_named_where_people_look():
    assert all(f"--recipe {name}" in README or name == "demo" for name in RECIPES)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-docs.lock"])
def test_no_package_registry_is_named(name):
    lock = (REPOSITORY / name).read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock
