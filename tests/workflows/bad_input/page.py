"""docs/BAD_INPUT.md, made from the cases. Write it anew with `python -m tests.workflows.bad_input.page`."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.workflows.bad_input.cases import QUARANTINED, REFUSED, Case
from workflows.cli import main

for module in ("places", "folders", "archives", "kaggle", "parquet", "photographs"):  # in the order of the page
    import_module(f"tests.workflows.bad_input.{module}")

PAGE = Path(__file__).parents[3] / "docs" / "BAD_INPUT.md"


def said(case: Case, root: Path, *options: str) -> tuple[int, str]:
    """Exit code and last line of `logpolar index` on a case."""
    (root / "work").mkdir()
    source = root / "work" / "imagenet"
    arguments = [*(case(source) or []), *options]
    errors, lines = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(lines):
            out = arguments.pop() if "://" in "".join(arguments[-1:]) else str(root / "work" / "out")
            main(["index", str(source), out, *arguments])
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    return code, (errors.getvalue() or lines.getvalue()).replace(str(root / "work"), "/data").strip()


def line_of(title: str, root: Path) -> str:
    """What a refused case prints, or the manifest's entry of a quarantined one, as one line."""
    if title in REFUSED:
        code, line = said(REFUSED[title], root)
        assert code == 1, line
        return line
    code, line = said(QUARANTINED[title], root, "--max-quarantined", "0.5")
    assert code == 0, line
    (entry,) = json.loads((root / "work" / "out" / "manifest.json").read_text())["quarantined"]
    return f"{entry['where'].replace(str(root / 'work'), '/data')}: {entry['reason']}"


def page(lines: dict[str, str]) -> str:
    def section(titles: dict[str, Case]) -> str:
        return "\n".join(f"{title}\n\n    {lines[title]}\n" for title in titles)

    return (
        "# What `logpolar index` says to bad input\n\n"
        "Made by `python -m tests.workflows.bad_input.page`; a test compares it with what is printed.\n"
        "A setting that a message names is an option of the command: `max-side` is `--max-side`.\n\n"
        "## Refused\n\n"
        "Nothing is written that could be taken for a data set; the exit code is 1, and one line says why.\n\n"
        f"{section(REFUSED)}\n"
        "## Quarantined\n\n"
        "The file is left out, and `manifest.json` names it with its place and the reason; rows and quarantined\n"
        "files together are the files found. More than `--max-quarantined` (one in a hundred) are refused as above.\n\n"
        f"{section(QUARANTINED)}"
    )


if __name__ == "__main__":
    found = {}
    for name in [*REFUSED, *QUARANTINED]:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = line_of(name, Path(folder))
    PAGE.write_text(page(found))
    sys.stdout.write(f"{len(found)} cases in {PAGE}\n")
