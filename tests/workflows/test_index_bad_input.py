"""What `logpolar index` says to bad input is what docs/BAD_INPUT.md says that it says."""

from pathlib import Path

import pytest

from tests.workflows.bad_input.page import PAGE, QUARANTINED, REFUSED, line_of, page


@pytest.mark.parametrize("title", [*REFUSED, *QUARANTINED])
def test_bad_input_is_told_in_the_documented_line(title: str, tmp_path: Path) -> None:
    line = line_of(title, tmp_path)
    assert "\n" not in line
    assert "Traceback" not in line
    assert f"{title}\n\n    {line}\n" in PAGE.read_text()


def test_the_page_has_no_other_lines() -> None:
    text = PAGE.read_text()
    lines = {title: text.split(f"\n{title}\n\n    ")[1].split("\n")[0] for title in [*REFUSED, *QUARANTINED]}
    assert text == page(lines)
    assert len(lines) >= 20
