"""Lists that name classes by wnid: Kaggle's mapping, and Tiny ImageNet's words."""

from __future__ import annotations

import re

from lp_core.errors import DataError, LogpolarError, check
from lp_core.indexing.identity.classes import WNID
from lp_core.indexing.layouts.validation_list import text_file
from lp_core.indexing.sources.source import Source

MAPPING = "LOC_synset_mapping.txt"
"""Kaggle's: `n01440764 tench, Tinca tinca`."""
WORDS = "words.txt"
"""Tiny ImageNet's: `n00001740<tab>entity`, all of WordNet's nouns."""
_WORDS_LINE = re.compile(r"(n\d{8})\t(.+)")


def names_by_wnid(source: Source) -> dict[str, str]:
    """The names that lists beside the photographs give; empty if there is none.

    Raises:
        LogpolarError: a list is damaged.
    """
    mapping = kaggle_mapping(source)
    return _words(source) if mapping is None else mapping


def kaggle_mapping(source: Source) -> dict[str, str] | None:
    """Names by wnid from Kaggle's mapping; None if it is missing.

    Raises:
        DataError: a line of it is damaged, or it is empty.
    """
    text = text_file(source, MAPPING)
    if text is None:
        return None
    path, lines = text
    names: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        wnid, _, name = line.strip().partition(" ")
        if not wnid:
            continue
        check(
            bool(WNID.fullmatch(wnid) and name),
            f"{path}, line {number}: 'n01440764 tench' is expected, not {line!r}",
            DataError,
        )
        names[wnid] = name
    check(bool(names), f"{path}: it names no classes", DataError)
    return names


def _words(source: Source) -> dict[str, str]:
    try:
        text = text_file(source, WORDS)
    except LogpolarError:
        return {}  # the name is so common that the file may be anything
    if text is None or not text[1] or not _WORDS_LINE.fullmatch(text[1][0].rstrip()):
        return {}
    path, lines = text
    names = {}
    for number, line in enumerate(lines, 1):
        match = _WORDS_LINE.fullmatch(line.rstrip())
        if match is None:
            raise DataError(f"{path}, line {number}: a wnid, a tab and a name are expected, not {line[:60]!r}")
        names[match[1]] = match[2]
    return names
