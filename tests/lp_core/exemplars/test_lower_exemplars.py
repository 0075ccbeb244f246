"""`lower_exemplars` picks what sorting all images picks, whatever the block of channels."""

import numpy as np
import pyarrow as pa
import pytest

from lp_core.exemplars import lower_exemplars as module
from lp_core.exemplars.lower_exemplars import SCHEMA, lower_exemplars, opened_maxima
from lp_core.storage import Storage

LAYERS = {"conv1_1": 4, "conv2_1": 3}
IMAGES = 300
NAMES = ["a", "b", "c"]


@pytest.fixture
def scanned() -> tuple[np.ndarray, pa.Table, np.ndarray]:
    """Maxima with many ties, a dead channel, one that nine images activate and one with eleven."""
    rng = np.random.default_rng(0)
    maxima_NC = np.maximum(rng.normal(size=(IMAGES, 7)), 0).astype(np.float16)
    maxima_NC[:, 1] = rng.integers(0, 5, IMAGES)
    maxima_NC[:, 3] = 0
    maxima_NC[9:, 4] = 0
    maxima_NC[:9, 4] = np.arange(1, 10)
    maxima_NC[11:, 5] = 0
    maxima_NC[:11, 5] = np.arange(1, 12)
    row_N = np.sort(rng.choice(10_000, IMAGES, replace=False))
    images = pa.table({"row": row_N, "image_id": [f"i{row}" for row in row_N], "label": rng.integers(0, 3, IMAGES)})
    row_CK = np.full((7, 9), -1)
    for channel in range(7):
        best = sorted(range(IMAGES), key=lambda image, channel=channel: (-maxima_NC[image, channel], image))
        active = [image for image in best if maxima_NC[image, channel] > 0][:9]
        row_CK[channel, : len(active)] = row_N[active]
    return maxima_NC, images, row_CK


def reference(maxima_NC, images, row_CK) -> list[dict]:
    lines = []
    channels = [(layer, channel) for layer, count in LAYERS.items() for channel in range(count)]
    for number, (layer, channel) in enumerate(channels):
        active = [image for image in range(IMAGES) if maxima_NC[image, number] > 0]
        ascending = sorted(float(maxima_NC[image, number]) for image in active)
        for quantile in (0.99, 0.9, 0.5):
            if not active:
                continue
            value = next(v for k, v in enumerate(ascending, 1) if k >= quantile * len(active))
            others = [image for image in active if images["row"][image].as_py() not in row_CK[number]]
            others.sort(key=lambda image, v=value, n=number: (abs(float(maxima_NC[image, n]) - v), image))
            for rank, image in enumerate(others[:3]):
                about = {name: images[name][image].as_py() for name in ("image_id", "row", "label")}
                lines.append(
                    {"layer": layer, "channel": channel, "quantile": quantile, "rank": rank}
                    | {"activation": float(maxima_NC[image, number]), **about, "class_name": NAMES[about["label"]]}
                )
    return lines


@pytest.mark.parametrize("block", [1, 3, 256])
def test_equal_to_sorting_all_images(scanned, block, monkeypatch) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    table = lower_exemplars(*scanned, LAYERS, NAMES)
    assert table.schema == SCHEMA
    assert table.to_pylist() == reference(*scanned)
    counts = table.to_pandas().groupby(["layer", "channel"]).size().to_dict()
    assert counts == {("conv1_1", 0): 9, ("conv1_1", 1): 9, ("conv1_1", 2): 9, ("conv2_1", 1): 6, ("conv2_1", 2): 9}


def test_a_dead_network_has_none() -> None:
    images = pa.table({"row": [3, 4], "image_id": ["a", "b"], "label": [0, 1]})
    table = lower_exemplars(np.zeros((2, 7), np.float16), images, np.full((7, 9), -1), LAYERS, NAMES)
    assert (len(table), table.schema) == (0, SCHEMA)


@pytest.mark.parametrize("kind", ["local", "object store"])
def test_maxima_are_mapped_from_either_kind_of_folder(scanned, tmp_path, kind, monkeypatch) -> None:
    np.save(tmp_path / "maxima.npy", scanned[0])
    if kind == "object store":
        monkeypatch.setattr(Storage, "is_local", False)
    with opened_maxima(Storage.at(tmp_path)) as maxima_NC:
        assert isinstance(maxima_NC, np.memmap)
        np.testing.assert_array_equal(maxima_NC, scanned[0])
