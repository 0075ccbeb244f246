"""The documentation site is built without a warning, opens from disk, asks no other site for anything, has a search."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import PROGRAM, Page

REPOSITORY = Path(__file__).parents[2]
MKDOCS = shutil.which("mkdocs", path=os.pathsep.join([f"{sys.prefix}/docs/bin", os.environ.get("PATH", "")]))
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
    pytest.mark.skipif(MKDOCS is None, reason="mkdocs is not installed (make docs installs it)"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [str(MKDOCS), "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def page(site: Path) -> Iterator[Page]:
    page = Page()
    yield page
    page.close()
    assert page.complaints == [], "requests to other sites are complaints, too"


def test_pages_open_from_disk_and_fit_on_a_phone(page: Page, site: Path) -> None:
    for name in ("index", "howto/own_images", "api/images", "FINDINGS", "ARCHITECTURE", "examples/index"):
        for width in (1280, 390):
            page.resize(width, 800, phone=width < 500)
            page.open(site / f"{name}.html")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
            pictures = "[...document.querySelectorAll('article img')]"
            assert page.evaluate(f"{pictures}.every(each => each.complete && each.naturalWidth > 0)"), name


def test_search_finds_a_name_without_a_server(page: Page, site: Path) -> None:
    page.open(site / "index.html")
    page.evaluate("document.querySelector('[data-md-toggle=search]').click()")
    query = "document.querySelector('[data-md-component=search-query]')"
    page.evaluate(f"{query}.focus(); {query}.value = 'curveball'")
    page.evaluate(f"{query}.dispatchEvent(new KeyboardEvent('keyup', {{bubbles: true}}))")
    page.wait("[...document.querySelectorAll('.md-search-result__item a')].some(a => a.href.includes('api/measures'))")


def test_the_graph_of_stages_is_drawn(page: Page, site: Path) -> None:
    page.open(site / "ARCHITECTURE.html")
    assert page.evaluate("document.querySelectorAll('.diagram svg rect').length") > 10
    assert page.evaluate("document.querySelectorAll('pre.mermaid, code.language-mermaid').length") == 0
