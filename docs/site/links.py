"""Hook of MkDocs: documents outside `docs/` become pages, and links work on a code host and on the site alike.

A document links to files of the repository as a code host needs it, such as `../benchmarks/README.md`. On the site, the
files below `docs/` lie at the top, and every other file that a document links to lies at its path in the repository.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).parents[2]
START = "README.md"
"""The page that the site begins with; MkDocs makes `index.html` of this name."""
LINK = re.compile(r"(?<=\]\()(?![a-z+]+:|[#/])([^)\s#]+)(?=[)#])")
"""The path of a link or picture within the repository, without its anchor."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies outside `docs/` and is reached from the start page by links."""
    from mkdocs.structure.files import File

    for path in linked_files(REPOSITORY):
        if not path.startswith("docs/"):
            files.append(File.generated(config, path, abs_src_path=str(REPOSITORY / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links of a page to where the site has their targets."""
    return site_links(markdown, repository_path(page.file.src_uri), REPOSITORY)


def linked_files(repository: Path) -> list[str]:
    """Return the files that the start page and `docs/` lead to by links, as sorted paths in the repository."""
    waiting = [START, *(path.relative_to(repository).as_posix() for path in (repository / "docs").rglob("*.md"))]
    reached: set[str] = set()
    while waiting:
        document = waiting.pop()
        if document in reached:
            continue
        reached.add(document)
        if document.endswith(".md"):
            targets = (resolved(link, document) for link in LINK.findall((repository / document).read_text()))
            waiting += [target for target in targets if (repository / target).is_file()]
    return sorted(reached)


def site_links(markdown: str, document: str, repository: Path) -> str:
    """Return the text of a document with its links as the site needs them.

    Args:
        markdown: the text.
        document: its path in the repository.
        repository: the repository's root; links to files that are not there stay, and MkDocs reports them.
    """

    def rewritten(match: re.Match[str]) -> str:
        target = resolved(match[1], document)
        if not (repository / target).is_file():
            return match[1]
        return posixpath.relpath(site_path(target), posixpath.dirname(site_path(document)) or ".")

    return LINK.sub(rewritten, markdown)


def resolved(link: str, document: str) -> str:
    """Return the path in the repository that a link of a document means."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(document), link))


def site_path(path: str) -> str:
    """Return where the site has a file of the repository."""
    return path.removeprefix("docs/")


def repository_path(source: str) -> str:
    """Return where the repository has a page of the site."""
    below_docs = f"docs/{source}"
    return below_docs if (REPOSITORY / below_docs).is_file() else source
