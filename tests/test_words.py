"""Nine images are the extreme of many: no text says that a channel has learned, looks for or responds to something."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FORBIDDEN = re.compile(
    r"\b(?:has|have|had) learned\b"
    r"|\b(?:channels?|units?|neurons?)\s+(?:looks?|looking|searche?s?)\s+for\b"
    r"|\b(?:channels?|units?|neurons?)\s+(?:responds?|reacts?)\s+to\b"
    r"|\b(?:channels?|units?|neurons?)\s+(?:detects?|recogni[sz]es?|represents?|prefers?)\b",
    re.IGNORECASE,
)
PARAGRAPH = re.compile(r"\n\s*\n|\n\|")
"""What ends a paragraph, or a row of a table."""
TEXTS = [
    path
    for pattern in ("*.md", "pyproject.toml", "docs/**/*.md", "cluster/*.md", "benchmarks/*.md")
    for path in sorted(ROOT.glob(pattern))
]
PROGRAM = [
    path
    for folder in ("lp_core", "tasks", "workflows")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".py", ".html", ".js", ".toml")
]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_excites_most_is_what_nine_images_show() -> None:
    found = {name(path): FORBIDDEN.findall(" ".join(path.read_text().split())) for path in [*TEXTS, *PROGRAM]}
    assert {path: words for path, words in found.items() if words} == {}


def test_mcnemar_is_about_two_networks() -> None:
    paragraphs = {
        f"{name(path)}: {' '.join(part.split())[:200]}"
        for path in [*TEXTS, *PROGRAM]
        for part in PARAGRAPH.split(path.read_text())
        if "McNemar" in part and "two networks" not in " ".join(part.split())
    }
    assert {part for part in paragraphs if not part.startswith("lp_core/network")} == set(), "these two networks"


def test_the_words_are_found() -> None:
    for sentence in ("see what every channel has learned", "channels respond to", "the unit looks for eyes"):
        assert FORBIDDEN.search(sentence), sentence
    assert not FORBIDDEN.search("tasks that look for the nine images that excite a channel most")
