"""Links of the documents lead somewhere on the site, too; what needs MkDocs itself is in tests/browser/test_site.py."""

import importlib.util
import posixpath
import re
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]


def hook(name: str):
    """A hook as MkDocs loads it: from its file; `docs/site` is no package."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "docs" / "site" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


links = hook("links")
LINKED = links.linked_files(REPOSITORY)
PAGES = [path for path in LINKED if path.endswith(".md")]
THERE = {links.site_path(path) for path in LINKED} | {
    path.relative_to(REPOSITORY / "docs").as_posix() for path in (REPOSITORY / "docs").rglob("*.*")
}
"""The files that the site has."""


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml without the Python objects that it names."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: suffix)
SITE = yaml.load((REPOSITORY / "mkdocs.yml").read_text(), Loader)


def pages_of(nav: object) -> list[str]:
    """The pages of a navigation, in its order."""
    if isinstance(nav, str):
        return [nav]
    parts = nav if isinstance(nav, list) else nav.values()
    return [page for part in parts for page in pages_of(part)]


def test_the_navigation_has_every_document_once() -> None:
    here = {path.relative_to(REPOSITORY / "docs").as_posix() for path in (REPOSITORY / "docs").rglob("*.md")}
    outside = {path for path in PAGES if not path.startswith("docs/")}
    assert sorted(pages_of(SITE["nav"])) == sorted(here | outside)


def test_the_hooks_are_those_of_this_folder() -> None:
    assert set(SITE["hooks"]) == {f"docs/site/{path.name}" for path in (REPOSITORY / "docs" / "site").glob("*.py")}


def test_no_two_files_have_one_place_on_the_site() -> None:
    places = [links.site_path(path) for path in LINKED]
    outside = {path for path in LINKED if not path.startswith("docs/")}
    assert len(places) == len(set(places))
    assert not any((REPOSITORY / "docs" / path).exists() for path in outside)


@pytest.mark.parametrize("document", PAGES)
def test_links_of_a_page_lead_to_files_of_the_site(document: str) -> None:
    """Every relative link, once rewritten, is the place of a file that the site has."""
    text = links.site_links((REPOSITORY / document).read_text(), document, REPOSITORY)
    folder = posixpath.dirname(links.site_path(document))
    for target in links.LINK.findall(text):
        assert posixpath.normpath(posixpath.join(folder, target)) in THERE, target


def heading_ids(text: str) -> set[str]:
    """The anchors of a document's headings, as code hosts and the site make them."""
    without_code = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", PAGES)
def test_anchors_are_headings(document: str) -> None:
    for target, anchor in re.findall(r"\]\(([^)\s#]*)#([^)\s]+)\)", (REPOSITORY / document).read_text()):
        file = links.resolved(target, document) if target else document
        if "://" not in target and file.endswith(".md"):
            assert anchor in heading_ids((REPOSITORY / file).read_text()), f"{target}#{anchor}"


@pytest.mark.parametrize(
    ("document", "before", "after"),
    [
        (
            "README.md",
            "[a](docs/LOOK.md#x), ![b](docs/images/figure_1.webp)",
            "[a](LOOK.md#x), ![b](images/figure_1.webp)",
        ),
        ("docs/LIBRARY.md", "[a](../examples/README.md)", "[a](examples/README.md)"),
        ("docs/howto/imagenet.md", "[a](../../cluster/README.md)", "[a](../cluster/README.md)"),
        ("cluster/README.md", "[a](../docs/SCALING.md)", "[a](../SCALING.md)"),
        ("docs/DATA.md", "[a](https://x.org/README.md) [b](#files)", "[a](https://x.org/README.md) [b](#files)"),
        ("docs/DATA.md", "[a](no_such_file.md)", "[a](no_such_file.md)"),
    ],
)
def test_a_link_is_rewritten(document: str, before: str, after: str) -> None:
    assert links.site_links(before, document, REPOSITORY) == after
