"""Make `wordnet_hypernyms.txt`: what the classes of ImageNet are kinds of, according to WordNet 3.0.

    apt-get install wordnet-base
    python -m lp_core.measures.make_wordnet WNIDS lp_core/measures/wordnet_hypernyms.txt

WNIDS is a text file with a wnid at the start of every line, such as Kaggle's LOC_synset_mapping.txt, or a file that
this made before. A wnid is `n` and the offset of a noun in WordNet 3.0's `data.noun`; other versions have other
offsets.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

DATA = Path("/usr/share/wordnet/data.noun")
"""Where Debian's package `wordnet-base` puts WordNet's nouns."""
HEADER = """\
# Hypernyms of ImageNet's classes in WordNet 3.0: a synset and one of the synsets that it is a kind of, in each line.
# Classes come first. WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved. License: WORDNET-LICENSE
"""


def read_hypernyms(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return the hypernyms and instance hypernyms of every noun, as wnids in WordNet's order.

    Args:
        lines: of `data.noun`.

    Source: WordNet's manual page wndb(5): offset, file number, type, number of words (hexadecimal), that many words
        each with a number, number of pointers, that many of symbol, offset, part of speech, source and target.
    """
    parents = {}
    for line in lines:
        if line.startswith(" "):  # the licence
            continue
        fields = line.partition(" | ")[0].split()
        first = 4 + 2 * int(fields[3], 16)
        pointers = [fields[first + 1 + 4 * k : first + 5 + 4 * k] for k in range(int(fields[first]))]
        parents[f"n{fields[0]}"] = [f"n{offset}" for symbol, offset, *_ in pointers if symbol in ("@", "@i")]
    return parents


def closure(classes: Iterable[str], parents: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return (synset, hypernym) of the classes, then of everything above them, each once.

    Raises:
        ValueError: a class is no noun of WordNet 3.0.
    """
    edges, seen = [], set()
    level = sorted(set(classes))
    unknown = [wnid for wnid in level if wnid not in parents]
    if unknown:
        raise ValueError(f"{len(unknown)} wnids are no nouns of WordNet 3.0, the first is {unknown[0]}")
    while level:
        seen.update(level)
        edges += [(wnid, parent) for wnid in level for parent in parents[wnid]]
        level = sorted({parent for wnid in level for parent in parents[wnid]} - seen)
    return edges


def main() -> None:
    """Read WordNet and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wnids", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    pairs = re.findall(r"^(n\d{8})\b(?: (n\d{8})\b)?", options.wnids.read_text(), re.MULTILINE)
    classes = {child for child, _ in pairs} - {parent for _, parent in pairs}
    parents = read_hypernyms(options.data.read_text().splitlines())
    edges = closure(classes, parents)
    options.out.write_text(HEADER + "".join(f"{child} {parent}\n" for child, parent in edges))
    print(f"{len(classes)} classes, {len({wnid for edge in edges for wnid in edge})} synsets, {len(edges)} edges")


if __name__ == "__main__":
    main()
