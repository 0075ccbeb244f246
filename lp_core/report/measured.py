"""What `measure` wrote about a run or a sweep, read for its report."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lp_core.errors import DataError
from lp_core.findings.verdict_rows import FORMAT
from lp_core.run.files import FINDINGS, MEASURES
from lp_core.storage import Storage

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The findings, and the tables that they rest on.

    Attributes:
        findings: rows of findings.json.
        rules: fingerprint of the rules that they were judged by.
        tables: rows by name of the file in measures/, without its ending.
        degrees_per_px: visual angle of a px of the network's input, if the settings say.
    """

    findings: Sequence[Row]
    rules: str
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    degrees_per_px: float | None = None

    def rows(self, table: str, **wanted: Any) -> list[Row]:
        """Return the rows of a table that have these values; none where it was not written."""
        return [row for row in self.tables.get(table, ()) if all(row.get(name) == wanted[name] for name in wanted)]


def read_measured(folder: Storage) -> Measured | None:
    """Return what was measured of a run or sweep; None if it was not measured.

    Raises:
        DataError: findings.json is of a later version.
    """
    if not folder.exists(FINDINGS):
        return None
    document = folder.read_json(FINDINGS)
    if document.get("format") != FORMAT:
        raise DataError(
            f"{folder.path(FINDINGS)} has format {document.get('format')}, this version reads {FORMAT}; measure again"
        )
    tables = {
        posixpath.basename(name).removesuffix(".parquet"): folder.read_table(name).to_pylist()
        for name in folder.files(MEASURES)
        if posixpath.dirname(name) == MEASURES and name.endswith(".parquet")
    }
    return Measured(findings=document["findings"], rules=document["rules"], tables=tables)


def is_known(value: float | None) -> bool:
    """Whether a number of a table was measured: it is neither null nor NaN."""
    return value is not None and math.isfinite(value)
