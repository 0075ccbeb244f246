"""What tests of `logpolar measure` read of a run: findings, tables, files; and an executor that runs tasks here."""

import json

import pyarrow.parquet as pq


class LastFirst:
    """Runs pieces in this process, the last one first, and keeps what it ran."""

    def __init__(self):
        self.ran = []

    def run(self, function, pieces, gpus=0.0):
        for piece in list(pieces)[::-1]:
            self.ran.append(function.__name__)
            yield function(*piece)


def findings(session) -> dict[str, dict]:
    content = json.loads(session.run.read_bytes("findings.json"))
    assert content["format"] == 1
    return {row["claim"]: row for row in content["findings"]}


def table(session, name: str):
    return pq.read_table(session.run.path(f"measures/{name}.parquet"))


def folder_content(session) -> dict[str, bytes]:
    names = [name for name in session.run.files() if name.startswith("measures/") or name == "findings.json"]
    return {name: session.run.read_bytes(name) for name in names}
