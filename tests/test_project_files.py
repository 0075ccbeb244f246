"""Files about the project agree with it: one version, a citation, issue forms, and the CI of contributors."""

import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from lp_core import __version__

REPOSITORY = Path(__file__).parents[1]
FORMS = sorted((REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def test_the_version_is_stated_in_one_place_and_followed_everywhere() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "lp_core.__version__"}
    assert yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())["version"] == __version__
    changes = (REPOSITORY / "CHANGELOG.md").read_text()
    assert re.search(r"^## ([\d.]+)", changes, re.MULTILINE)[1] == __version__
    images = [tag for file in (REPOSITORY / "cluster").iterdir() for tag in IMAGE.findall(file.read_text())]
    assert set(images) == {__version__}


IMAGE = re.compile(r"/logpolar:([\d.]+)")


def test_the_citation_names_software_and_paper() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    required = {"cff-version", "message", "title", "authors"}  # Source: schema 1.2.0 of the Citation File Format
    assert required <= set(citation)
    assert citation["title"] == "Logpolar"
    paper = citation["preferred-citation"]
    assert {"type", "title", "authors"} <= set(paper)
    assert paper["title"] in " ".join((REPOSITORY / "README.md").read_text().split())


@pytest.mark.parametrize("path", [path for path in FORMS if path.name != "config.yml"], ids=lambda path: path.name)
def test_an_issue_form_asks_for_the_doctors_output(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= set(form)
    fields = {field["id"]: field for field in form["body"]}
    assert "`logpolar doctor`" in fields["doctor"]["attributes"]["label"]
    assert fields["doctor"]["validations"]["required"]


def test_hosted_ci_calls_the_script_of_contributors() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text())
    steps = workflow["jobs"]["test"]["steps"]
    assert steps[-1]["run"] == ".ci/run"
    assert os.access(REPOSITORY / ".ci" / "run", os.X_OK)
