"""Examples run: every Python block of the documents, and every doctest of the modules and the documents."""

import ast
import doctest
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lp_core.exemplars.ring_activity import RingActivity, by_layer, rings_bytes
from lp_core.exemplars.table import SCHEMA
from lp_core.findings.grouping import SCHEMA as GROUPING
from lp_core.measures.evolution import SCHEMA as CHANGES
from lp_core.settings import ViewSettings

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("*/README.md")])
MODULES = sorted(
    path
    for layer in ("lp_core", "tasks", "workflows")
    for path in (REPOSITORY / layer).rglob("*.py")
    if ">>> " in path.read_text()
)
"""Only those with examples: `pytest --doctest-modules` would import every module in every process."""


def name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def blocks(document: Path) -> list[tuple[int, str]]:
    """Python blocks of a document, each with its first line's number."""
    text = document.read_text()
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start()) + 2, match[1]) for match in found]


BLOCKS = [
    pytest.param(code, id=f"{name(document)}:{line}")
    for document in DOCUMENTS
    for line, code in blocks(document)
    if ">>> " not in code  # those are doctests
]


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a reader who has run `logpolar demo`: its rings, its table: channel 3 all tench."""
    view = tmp_path / "runs" / "demo" / "log_polar"
    view.mkdir(parents=True)
    rows = [
        {
            "layer": "conv5_2",
            "channel": channel,
            "rank": rank,
            "image_id": f"{rank}.JPEG",
            "label": label,
            "class_name": f"class {label}",
        }
        for channel, labels in ((3, [0] * 9), (4, range(9)))
        for rank, label in enumerate(labels)
    ]
    schema = pa.schema([SCHEMA.field(name) for name in rows[0]])
    pq.write_table(pa.Table.from_pylist(rows, schema), view / "exemplars.parquet")
    rings = by_layer(RingActivity.empty(np.zeros(64)), {"conv5_2": 64}, "log_polar", ViewSettings(size=64))
    (view / "rings.npz").write_bytes(rings_bytes(rings))
    for name, table_schema in (("log_polar/history/changes", CHANGES), ("measures/grouping", GROUPING)):
        file = tmp_path / "R" / f"{name}.parquet"
        file.parent.mkdir(parents=True)
        pq.write_table(table_schema.empty_table(), file)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("code", BLOCKS)
@pytest.mark.usefixtures("run_folder")
def test_a_block_of_a_document_runs(code: str) -> None:
    """With the images that the documents speak of: `photograph`, 480 x 640, and `image_HWC`, 375 x 500."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for module in [alias.name for alias in node.names] if isinstance(node, ast.Import) else []:
            if find_spec(module) is None:
                pytest.skip(f"{module} is not installed")
    if "s3://" in code:
        pytest.skip("needs a bucket")
    rng = np.random.default_rng(0)
    names = {"photograph": (480, 640, 3), "image_HWC": (375, 500, 3)}
    variables = {name: rng.integers(0, 256, shape, np.uint8) for name, shape in names.items()}
    exec(compile(tree, "document", "exec"), variables)


def test_the_readme_has_an_example() -> None:
    assert blocks(REPOSITORY / "README.md")


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_doctests_of_a_module(path: Path) -> None:
    module = import_module(".".join(path.relative_to(REPOSITORY).with_suffix("").parts))
    failed, attempted = doctest.testmod(module)
    assert attempted > 0
    assert failed == 0


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if ">>> " in path.read_text()], ids=name)
def test_doctests_of_a_document(path: Path) -> None:
    # The closing fence of a block would be read as output.
    text = path.read_text().replace("```", "")
    test = doctest.DocTestParser().get_doctest(text, {}, name(path), str(path), 0)
    failed, attempted = doctest.DocTestRunner().run(test)
    assert attempted > 0
    assert failed == 0
