"""The maxima of all images, their hashes and the lower exemplars, compared with what a plain search finds.

Shapes: N images of a batch, C channels of a layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import pyarrow as pa


@dataclass
class MaximaCheck:
    """Compares maxima batch by batch; `complaints` says in words what differs, first things first.

    Args:
        maxima_NC: float16, of all images; may be mapped from a file.
        images: the table beside it, with `row`, `image_id`, `label` and `hash`.
        layer_channels: number of channels by layer, in order.
        tolerance: largest relative difference of activations; 0 on the machine of the scan.
    """

    maxima_NC: np.ndarray
    images: pa.Table
    layer_channels: Mapping[str, int]
    tolerance: float
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        ends = accumulate(self.layer_channels.values())
        self._last = dict(zip(self.layer_channels, ends, strict=True))
        self._row_N = self.images["row"].to_numpy()
        expected = len(self.images), sum(self.layer_channels.values())
        if self.maxima_NC.shape != expected or self.maxima_NC.dtype != np.float16:
            kind = f"{self.maxima_NC.dtype} {self.maxima_NC.shape}"
            raise ValueError(f"maxima.npy is {kind}, not float16 {expected} as maxima_images.parquet and network have")
        if "hash" not in self.images.column_names:
            raise ValueError("maxima_images.parquet has no column hash: an earlier version scanned; scan again")

    def peaks(self, rows: Sequence[int], layer: str, peak_NC: np.ndarray) -> None:
        """Compare a layer's peaks in some images, rounded to float16."""
        at = self._places(rows)
        last = self._last[layer]
        first = last - self.layer_channels[layer]
        recorded_NC = self.maxima_NC[at, first:last]
        half_NC = np.minimum(peak_NC, np.finfo(np.float16).max).astype(np.float16)
        same_NC = recorded_NC == half_NC
        if self.tolerance:  # of two neighbouring halves either may be the nearest
            same_NC |= np.isclose(recorded_NC.astype(float), half_NC.astype(float), self.tolerance + 2**-10, 1e-6)
        for image, channel in np.argwhere(~same_NC)[:1]:
            seen, found = recorded_NC[image, channel], half_NC[image, channel]
            self.complaints.append(
                f"maxima.npy: {layer}/{channel} has {seen:.6g} for row {rows[image]}, found {found:.6g}"
            )

    def hashes(self, rows: Sequence[int], hash_N: np.ndarray) -> None:
        """Compare the hashes of some photographs."""
        recorded_N = self.images["hash"].to_numpy()[self._places(rows)]
        for image in np.flatnonzero(recorded_N != hash_N)[:1]:
            self.complaints.append(
                f"maxima_images.parquet: row {rows[image]} has hash {recorded_N[image]}, found {hash_N[image]}"
            )

    def tables(self, images: pa.Table, lower: pa.Table, row_CK: np.ndarray, class_names: Sequence[str]) -> None:
        """Compare names and labels of the images, and the lower exemplars, channel by channel.

        Args:
            images: `row`, `image_id` and `label` of the images searched.
            lower: the table of lower exemplars.
            row_CK: row numbers of the nine.
            class_names: name of each label.
        """
        if self.images.drop_columns(["hash"]) != images:
            self.complaints.append("maxima_images.parquet: rows, names or labels are not those of the images searched")
            return
        recorded: dict[tuple[str, int], list[dict]] = {}
        for line in lower.to_pylist():
            recorded.setdefault((line["layer"], line["channel"]), []).append(line)
        number = 0
        described = images.to_pylist()
        for layer, count in self.layer_channels.items():
            for channel in range(count):
                expected = self._lower(number, set(row_CK[number].tolist()), described, class_names)
                lines = [{"layer": layer, "channel": channel, **line} for line in expected]
                if recorded.pop((layer, channel), []) != lines:
                    self.complaints.append(f"lower_exemplars.parquet: {layer}/{channel}: others were found")
                number += 1
        self.complaints += [f"lower_exemplars.parquet: {layer}/{channel} is unknown" for layer, channel in recorded]

    def _lower(self, number: int, nine: set[int], described: list[dict], class_names: Sequence[str]) -> list[dict]:
        """A channel's lower exemplars by sorting all images."""
        maxima_N = self.maxima_NC[:, number].astype(np.float64)
        active = np.sort(maxima_N[maxima_N > 0])
        candidates = [image for image in np.flatnonzero(maxima_N > 0).tolist() if described[image]["row"] not in nine]
        lines = []
        for quantile in (0.99, 0.9, 0.5) if candidates else ():
            value = active[int(np.ceil(quantile * len(active))) - 1]
            nearest = sorted((abs(maxima_N[image] - value), image) for image in candidates)[:3]
            for rank, (_, image) in enumerate(nearest):
                about = described[image]
                name = class_names[about["label"]]
                lines.append(
                    {"quantile": quantile, "rank": rank, "activation": float(maxima_N[image])}
                    | {key: about[key] for key in ("image_id", "row", "label")}
                    | {"class_name": name}
                )
        return lines

    def _places(self, rows: Sequence[int]) -> np.ndarray:
        """Where the rows stand in the table.

        Raises:
            ValueError: a row is missing.
        """
        missing = sorted(set(rows) - set(self._row_N.tolist()))
        if missing:
            raise ValueError(f"maxima_images.parquet does not have row {missing[0]}, which was scanned")
        return np.searchsorted(self._row_N, rows)
