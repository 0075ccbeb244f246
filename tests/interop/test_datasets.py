"""Hugging Face's `datasets` reads a data set folder of ours: classes, labels and pictures."""

import numpy as np
import pytest

from lp_core.dataset.folder import DatasetFolder
from lp_core.images.decode import decode_rgb

datasets = pytest.importorskip("datasets", reason="datasets is not installed (pip install logpolar[interop])")


def test_it_sees_our_classes_labels_and_pictures(toy_folder, tmp_path) -> None:
    ours = DatasetFolder.open(toy_folder)
    theirs = datasets.load_dataset("parquet", data_dir=f"{toy_folder}/data", cache_dir=str(tmp_path))
    for split in ("train", "validation"):
        rows = theirs[split]
        assert rows.features["label"].names == list(ours.class_names)
        assert len(rows) == len(ours.rows(split))
        for photograph in ours.photographs(split, np.arange(3)):
            row = rows[photograph.row]
            assert row["label"] == photograph.label
            pixels = np.asarray(row["image"].convert("RGB")).astype(int)
            assert np.abs(pixels - decode_rgb(photograph.data)).max() <= 1
