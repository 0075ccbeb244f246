"""The toy data set: drawn from its arguments alone, balanced, legible, and written as ImageNet is."""

import io
import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lp_core.toy import data_set as toy
from lp_core.toy.colours import LUMA, PALETTES, rgb
from lp_core.toy.shapes import SHAPES, Plane, spiral


def test_draw_depends_on_nothing_but_its_arguments():
    first, label = toy.draw(3, "train", 17)
    toy.draw(3, "train", 18)
    again, label_again = toy.draw(3, "train", 17)
    assert np.array_equal(first, again)
    assert label == label_again == toy.label_of(3, "train", 17)
    for other in ((4, "train", 17), (3, "validation", 17), (3, "train", 29)):
        assert not np.array_equal(first, toy.draw(*other)[0])


@pytest.mark.parametrize("side", [32, 96, 131])
def test_draw_gives_a_picture_of_the_side_asked_for(side):
    image, _ = toy.draw(0, "train", 0, side)
    assert (image.shape, image.dtype) == ((side, side, 3), np.uint8)
    assert image.flags.c_contiguous


def test_every_twelve_rows_hold_every_class_in_changing_order():
    blocks = [[toy.label_of(0, "train", 12 * block + k) for k in range(12)] for block in range(20)]
    assert all(sorted(block) == list(range(12)) for block in blocks)
    assert len({tuple(block) for block in blocks}) == 20
    assert len(toy.CLASSES) == len(set(toy.CLASSES)) == 12


@pytest.mark.parametrize("row", range(48))
def test_the_figure_stands_out_from_a_calmer_ground(row):
    image, label = toy.draw(1, "validation", row)
    cover = toy.cover(label, 96, np.random.default_rng([1, toy.SPLITS["validation"], row]))
    assert not cover[[0, -1]].any()
    assert not cover[:, [0, -1]].any()
    lightness = image @ LUMA
    figure, ground = lightness[cover > 0.99], lightness[cv2.dilate(cover, np.ones((13, 13))) == 0]
    assert len(figure) > 250
    assert abs(figure.mean() - ground.mean()) > 65
    assert abs(figure.mean() - ground.mean()) > 2 * ground.std()


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_every_ink_differs_from_every_ground_in_lightness(palette):
    grounds = [rgb(colour) @ LUMA for colour in palette.ground]
    inks = [rgb(colour) @ LUMA for ink in palette.inks for colour in ink]
    assert min(abs(ground - ink) for ground in grounds for ink in inks) > 90
    assert len({ground < ink for ground in grounds for ink in inks}) == 1


@pytest.mark.parametrize("name", SHAPES)
def test_distances_change_by_at_most_the_way_walked(name):
    """No distance is overstated but between whole cells and dots: an edge is never more than one pixel wide."""
    for seed in range(5):
        plane = Plane.place(96, (47.5, 47.5), 40.0, 0.3 * seed)
        distance = 40 * SHAPES[name](plane, np.random.default_rng(seed))
        assert distance.dtype == np.float32
        assert (distance[plane.radius > 1.1] > 0).all()
        near = (np.abs(distance[1:]) < 1) & (np.abs(distance[:-1]) < 1) & (plane.radius[1:] > 0.1)
        assert np.abs(np.diff(distance, axis=0))[near].max() < 1.2


@pytest.mark.parametrize("seed", range(4))
def test_a_mirror_makes_one_spiral_the_other(seed):
    plane = Plane.place(97, (48, 48), 40.0, 0.0)
    clockwise = spiral(plane, np.random.default_rng(seed), +1)
    other = spiral(plane, np.random.default_rng(seed), -1)
    assert np.allclose(clockwise[::-1], other, atol=1e-4)
    assert not np.allclose(clockwise, other, atol=0.05)


@pytest.mark.parametrize(("name", "direction"), [("clockwise spiral", 1), ("counter-clockwise spiral", -1)])
def test_spirals_turn_as_their_names_say(name, direction):
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False, dtype=np.float32)

    def around(radius):  # the figure along a circle, clockwise on screen as y points down
        plane = Plane.of(np.float32(radius) * np.cos(angle)[None], np.float32(radius) * np.sin(angle)[None])
        return np.sign(SHAPES[name](plane, np.random.default_rng(0))[0])

    inner, outer = around(0.5), around(0.53)
    turns = range(-20, 21)
    best = max(turns, key=lambda turn: float(np.roll(inner, turn) @ outer))
    assert best * direction > 0


def test_images_are_jpegs_that_pillow_and_opencv_read():
    image, _ = toy.draw(0, "train", 5)
    data = toy.encode(image)
    with Image.open(io.BytesIO(data)) as opened:
        assert (opened.format, opened.mode, opened.size) == ("JPEG", "RGB", (96, 96))
        decoded = np.asarray(opened)
    assert np.abs(decoded.astype(int) - image).mean() < 6
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1], decoded)


def test_a_shard_has_the_schema_of_image_data_sets():
    file = io.BytesIO()
    toy.write_toy_shard(file, "validation", range(30, 55), seed=2, row_group_rows=10)
    parquet = pq.ParquetFile(file)
    assert str(parquet.schema_arrow.field("image").type) == "struct<bytes: binary, path: string>"
    assert str(parquet.schema_arrow.field("label").type) == "int64"
    features = json.loads(parquet.schema_arrow.metadata[b"huggingface"])["info"]["features"]
    assert features == {
        "image": {"_type": "Image"},
        "label": {"names": list(toy.CLASSES), "_type": "ClassLabel"},
    }
    assert [parquet.metadata.row_group(k).num_rows for k in range(parquet.num_row_groups)] == [10, 10, 5]
    rows = parquet.read().to_pylist()
    assert rows[0]["image"]["path"] == "toy_validation_00000030.jpg"
    for row, number in zip(rows, range(30, 55), strict=True):
        image, label = toy.draw(2, "validation", number)
        assert row["image"]["bytes"] == toy.encode(image)
        assert row["label"] == label


def test_the_data_set_is_written_once_and_always_the_same(tmp_path):
    seen = []
    files = toy.write_toy(tmp_path / "a", train=36, validation=24, progress=lambda *args: seen.append(args))
    assert [file.name for file in files] == ["train-00000-of-00001.parquet", "validation-00000-of-00001.parquet"]
    assert sorted((tmp_path / "a" / "data").iterdir()) == files
    assert seen == [(36, 60), (60, 60)]
    others = toy.write_toy(tmp_path / "b", train=36, validation=24)
    assert [a.read_bytes() for a in files] == [b.read_bytes() for b in others]
    files[0].write_bytes(b"kept")
    toy.write_toy(tmp_path / "a", train=36, validation=24)
    assert files[0].read_bytes() == b"kept"
    labels = pq.read_table(files[1]).column("label").to_pylist()
    assert set(Counter(labels).values()) == {2}


def test_shards_cover_every_row_once():
    shards = toy.toy_shards(Path("x"), 3600, 600)
    assert [path.name for path, _, _ in shards][:2] == ["train-00000-of-00004.parquet", "train-00001-of-00004.parquet"]
    for split, total in (("train", 3600), ("validation", 600)):
        assert [row for _, name, rows in shards for row in rows if name == split] == list(range(total))


def test_a_shard_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(toy.pq, "write_table", refuse)
    with pytest.raises(OSError, match="disk full"):
        toy.write_toy_shard(tmp_path / "data" / "a.parquet", "train", range(2), seed=0)
    assert list((tmp_path / "data").iterdir()) == []
