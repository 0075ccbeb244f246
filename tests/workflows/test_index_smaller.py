"""`logpolar index --max-side`, `--short-side`: smaller copies of photographs, whatever they came in."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lp_core.dataset.folder import DatasetFolder
from lp_core.images.decode import decode_rgb
from tests.lp_core.indexing.imagenet_forms import NAMES, identities, jpeg, photos, write_folders, write_parquet
from tests.workflows.index_command import image_ids, index, labelled_ids


def stored(data: DatasetFolder, split: str) -> dict[str, tuple[int, bytes]]:
    rows = np.arange(len(data.rows(split)))
    return {one.image_id: (one.label, one.data) for one in data.photographs(split, rows)}


@pytest.mark.parametrize(("option", "sides"), [("max_side", (40, 30)), ("short_side", (53, 40))])
def test_large_photographs_are_made_smaller_and_small_ones_left_alone(
    tmp_path: Path, option: str, sides: tuple[int, int]
) -> None:
    large = jpeg(1, size=(160, 120))
    small = jpeg(2, size=(39, 33))
    for split in ("train", "val"):
        for name, data in (("large", large), ("small", small)):
            folder = tmp_path / "source" / split / "cat"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.jpg").write_bytes(data)
    index(str(tmp_path / "source"), str(tmp_path / "out"), **{option: 40})
    stored = {one.image_id: one.data for one in DatasetFolder.open(str(tmp_path / "out")).photographs("train", [0, 1])}
    assert stored["small"] == small
    with Image.open(io.BytesIO(stored["large"])) as image, Image.open(io.BytesIO(large)) as original:
        assert image.size == sides
        expected = original.resize(sides, Image.Resampling.BOX)
        assert np.abs(np.array(image).astype(int) - np.array(expected)).mean() < 5  # colours at half resolution


def test_parquet_is_copied_as_class_folders_are(tmp_path: Path) -> None:
    write_parquet(tmp_path / "parquet")
    write_folders(tmp_path / "folders")
    for form in ("parquet", "folders"):
        index(str(tmp_path / form), str(tmp_path / f"{form}-small"), short_side=32, max_quarantined=0.5)
    one, other = (DatasetFolder.open(str(tmp_path / f"{form}-small")) for form in ("parquet", "folders"))
    for split in ("train", "validation"):
        assert labelled_ids(one, split) == identities(photos(), split)
        assert stored(one, split) == stored(other, split)
        assert {min(decode_rgb(data).shape[:2]) for _, data in stored(one, split).values()} == {32}
    left_out = [
        {(bad["split"], bad["image_id"], bad["reason"]) for bad in data.manifest["quarantined"]}
        for data in (one, other)
    ]
    assert left_out[0] == left_out[1]
    assert one.class_names == list(NAMES.values())
    assert one.manifest["quarantined"][0]["where"].startswith(str(tmp_path / "parquet" / "data" / "train-0000"))


def test_a_copy_of_parquet_has_row_groups_of_bounded_size_and_goes_on_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lp_core.indexing.writing.plan.GROUP_ROWS", 4)
    write_parquet(tmp_path / "source")
    index(str(tmp_path / "source"), str(tmp_path / "whole"), max_side=40, max_quarantined=0.5)
    from tasks.indexing import written_shards as module

    original, done = module.write_piece, []

    def killed(*piece: object) -> int:
        if done:
            raise KeyboardInterrupt
        done.append(piece)
        return original(*piece)

    monkeypatch.setattr(module, "write_piece", killed)
    with pytest.raises(KeyboardInterrupt):
        index(str(tmp_path / "source"), str(tmp_path / "halves"), max_side=40, max_quarantined=0.5)
    first = (tmp_path / "halves" / "data" / "train-00000-of-00002.parquet").stat().st_mtime_ns
    monkeypatch.setattr(module, "write_piece", original)
    index(str(tmp_path / "source"), str(tmp_path / "halves"), max_side=40, max_quarantined=0.5)
    assert (tmp_path / "halves" / "data" / "train-00000-of-00002.parquet").stat().st_mtime_ns == first
    whole, halves = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("whole", "halves")
    )
    assert whole == halves
    file = pq.ParquetFile(tmp_path / "whole" / "data" / "validation-00000-of-00001.parquet")
    assert max(file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)) <= 4
    assert json.loads((tmp_path / "whole" / "index.json").read_text())["max_side"] == 40


def test_rows_without_names_keep_the_identity_that_they_have_in_place(tmp_path: Path) -> None:
    import pyarrow as pa

    data = [jpeg(seed, size=(80, 64)) for seed in range(7)]
    data[2] = b""
    table = pa.table({"image": [{"bytes": one, "path": None} for one in data], "label": [0] * 7})
    (tmp_path / "source").mkdir()
    pq.write_table(table, tmp_path / "source" / "train-00000-of-00001.parquet", row_group_size=3)
    index(str(tmp_path / "source"), str(tmp_path / "place"), check=True, max_quarantined=0.5)
    index(str(tmp_path / "source"), str(tmp_path / "small"), short_side=32, max_quarantined=0.5)
    index(str(tmp_path / "small"), str(tmp_path / "again"))
    ids = [image_ids(DatasetFolder.open(str(tmp_path / name)).rows("train")) for name in ("place", "small", "again")]
    assert ids[0] == ids[1] == ids[2]
    assert len(ids[0]) == 6
