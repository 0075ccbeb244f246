"""The schema of shards: that of Hugging Face's image data sets."""

from __future__ import annotations

import json

import pyarrow as pa


def shard_schema(class_names: list[str]) -> pa.Schema:
    """The schema of a shard, with the metadata from which `datasets` reads that there are images, and class names."""
    label = {"names": class_names, "_type": "ClassLabel"}
    features = {"image": {"_type": "Image"}, "label": label}
    return pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
