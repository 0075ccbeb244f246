"""A small ImageNet, good files and bad, written in each of the forms in which people have it."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from scipy.io import savemat

NAMES = {"n01440764": "tench, Tinca tinca", "n02105855": "Shetland sheepdog", "n15075141": "toilet tissue"}
WNIDS = sorted(NAMES)
ILSVRC2012_ID = {"n15075141": 1, "n01440764": 2, "n02105855": 3}
"""The development kit's own numbers, not in the order of the wnids."""


@dataclass(frozen=True)
class Photo:
    """One file of the collection: name as ImageNet has it, class, content, and whether it can be decoded."""

    split: str
    stem: str
    wnid: str
    data: bytes
    good: bool = True


def image(seed: int, mode: str = "RGB", size: tuple[int, int] = (48, 40)) -> Image.Image:
    """A smooth random picture, which survives JPEG."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (5, 6, 3), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).convert(mode)


def jpeg(seed: int, mode: str = "RGB", size: tuple[int, int] = (48, 40), **options: object) -> bytes:
    file = io.BytesIO()
    image(seed, mode, size).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def png(seed: int, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    image(seed, mode).save(file, "PNG")
    return file.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(8, exif=exif)


def bomb() -> bytes:
    """A PNG of 200 bytes whose header states 60,000 x 60,000 px."""
    data = bytearray(png(9))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


@cache
def photos() -> tuple[Photo, ...]:
    """Every kind of file named in the project's notes on ImageNet, in both labelled splits."""
    tench, dog, tissue = WNIDS
    train = [
        Photo("train", f"{wnid}_{10 + 7 * number}", wnid, jpeg(3 * number + place))
        for place, wnid in enumerate(WNIDS)
        for number in range(4)
    ]
    train += [
        Photo("train", "n02105855_2933", dog, png(1)),  # ImageNet's PNG named .JPEG
        Photo("train", "n02105855_2934", dog, png(2, "RGBA")),
        Photo("train", "n01440764_1309", tench, jpeg(3, "CMYK")),
        Photo("train", "n01440764_9", tench, jpeg(4, "L")),
        Photo("train", "n15075141_5", tissue, jpeg(5, progressive=True)),
        Photo("train", "n15075141_6", tissue, turned()),
        Photo("train", "n15075141_700", tissue, b"", good=False),
        Photo("train", "n15075141_701", tissue, jpeg(6)[:-400], good=False),
        Photo("train", "n15075141_702", tissue, b"<html>404 Not Found</html>", good=False),
        Photo("train", "n15075141_703", tissue, bomb(), good=False),
    ]
    order = [2, 0, 1, 1, 2, 0, 0, 2]
    validation = [
        Photo("validation", f"ILSVRC2012_val_{number:08d}", WNIDS[place], jpeg(100 + number))
        for number, place in enumerate(order, 1)
    ]
    validation[4] = Photo("validation", validation[4].stem, validation[4].wnid, jpeg(7)[:20], good=False)
    return (*train, *validation)


SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "imagenet-sample"


def real_photos(count: int) -> tuple[Photo, ...]:
    """Photographs of ImageNet under other names; none where they are not at hand."""
    found = []
    for number, path in enumerate(sorted(SAMPLE.glob("*.JPEG"))[:count]):
        wnid = WNIDS[number % 3]
        split, name = ("train", f"{wnid}_{number}") if number % 4 else ("validation", "")
        name = name or f"ILSVRC2012_val_{1 + number // 4:08d}"
        found.append(Photo(split, name, wnid, path.read_bytes()))
    return tuple(found)


def identities(photo_list: tuple[Photo, ...], split: str) -> list[tuple[str, int]]:
    """(image id, class index) of the usable photographs of a split, by ascending id."""
    return sorted((photo.stem, WNIDS.index(photo.wnid)) for photo in photo_list if photo.split == split and photo.good)


def tar(members: list[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in members:
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return file.getvalue()


def write(path: Path, data: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def write_folders(root: Path, photo_list: tuple[Photo, ...] | None = None) -> None:
    for photo in photo_list or photos():
        folder = "train" if photo.split == "train" else "val"
        write(root / folder / photo.wnid / f"{photo.stem}.JPEG", photo.data)


def devkit(compressed: bool = True, photo_list: tuple[Photo, ...] | None = None) -> list[tuple[str, bytes]]:
    """The two files of the development kit that matter, the internal node of the tree included."""
    kinds = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("gloss", "O"), ("num_children", "O")]
    rows = [(float(number), wnid, NAMES[wnid], "a gloss", 0.0) for wnid, number in ILSVRC2012_ID.items()]
    rows.append((4.0, "n00001740", "entity", "that which is", 3.0))
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        savemat(file, {"synsets": np.array(rows, kinds).reshape(-1, 1)}, do_compression=compressed)
    validation = sorted(
        (photo for photo in photo_list or photos() if photo.split == "validation"), key=lambda photo: photo.stem
    )
    truth = "".join(f"{ILSVRC2012_ID[photo.wnid]}\n" for photo in validation)
    folder = "ILSVRC2012_devkit_t12/data"
    return [
        (f"{folder}/meta.mat", file.getvalue()),
        (f"{folder}/ILSVRC2012_validation_ground_truth.txt", truth.encode()),
    ]


def write_tars(root: Path, photo_list: tuple[Photo, ...] | None = None) -> None:
    train = [photo for photo in photo_list or photos() if photo.split == "train"]
    inner = [
        (f"{wnid}.tar", tar([(f"{photo.stem}.JPEG", photo.data) for photo in train if photo.wnid == wnid]))
        for wnid in ("n02105855", "n15075141", "n01440764")
    ]
    write(root / "ILSVRC2012_img_train.tar", tar(inner))
    validation = [(f"{photo.stem}.JPEG", photo.data) for photo in photo_list or photos() if photo.split == "validation"]
    write(root / "ILSVRC2012_img_val.tar", tar(validation[::-1]))
    write(root / "ILSVRC2012_devkit_t12.tar.gz", gzip.compress(tar(devkit(photo_list=photo_list)), mtime=0))


def write_kaggle(root: Path, photo_list: tuple[Photo, ...] | None = None) -> None:
    images = root / "ILSVRC" / "Data" / "CLS-LOC"
    solution = ["ImageId,PredictionString"]
    for photo in photo_list or photos():
        folder = images / "train" / photo.wnid if photo.split == "train" else images / "val"
        write(folder / f"{photo.stem}.JPEG", photo.data)
        if photo.split == "validation":
            solution.insert(1, f"{photo.stem},{photo.wnid} 85 1 499 272 {photo.wnid} 1 2 3 4 ")
    write(root / "LOC_val_solution.csv", "\n".join(solution) + "\n")
    write(root / "LOC_synset_mapping.txt", "".join(f"{wnid} {name}\n" for wnid, name in NAMES.items()))
    write(root / "LOC_train_solution.csv", "ImageId,PredictionString\nn01440764_10,n01440764 1 2 3 4\n")


def write_webdataset(root: Path, photo_list: tuple[Photo, ...] | None = None) -> None:
    for split in ("train", "validation"):
        chosen = [photo for photo in photo_list or photos() if photo.split == split]
        for shard in range(2):
            members = []
            for photo in chosen[shard::2]:
                label = WNIDS.index(photo.wnid)
                about = {"filename": f"{photo.wnid}/{photo.stem}.JPEG", "label": label, "height": 1, "width": 1}
                members.append((f"{photo.stem}.cls", str(label).encode()))
                members.append((f"{photo.stem}.jpg", photo.data))
                members.append((f"{photo.stem}.json", json.dumps(about).encode()))
            write(root / f"imagenet1k-{split}-{shard:04d}.tar", tar(members))
    write(root / "_info.json", "{}")


def write_parquet(root: Path, photo_list: tuple[Photo, ...] | None = None) -> None:
    features = {"image": {"_type": "Image"}, "label": {"names": [NAMES[wnid] for wnid in WNIDS], "_type": "ClassLabel"}}
    schema = pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    for split, count in (("train", 2), ("validation", 1)):
        chosen = [photo for photo in photo_list or photos() if photo.split == split]
        chosen = [chosen[place] for place in np.random.default_rng(1).permutation(len(chosen))]
        for shard in range(count):
            here = chosen[shard::count]
            table = pa.table(
                {
                    "image": [{"bytes": photo.data, "path": f"{photo.stem}_{photo.wnid}.JPEG"} for photo in here],
                    "label": [WNIDS.index(photo.wnid) for photo in here],
                },
                schema=schema,
            )
            path = root / "data" / f"{split}-{shard:05d}-of-{count:05d}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, path, row_group_size=5)


FORMS: dict[str, Callable[..., None]] = {
    "folders": write_folders,
    "tars": write_tars,
    "kaggle": write_kaggle,
    "webdataset": write_webdataset,
    "parquet": write_parquet,
}
