"""A measure of your own: do the nine units of a channel sit at one angle of the log-polar image?

python examples/new_measure.py [--table RUN/log_polar/exemplars.parquet] [--layer conv5_2] [--sectors 14]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from matplotlib.figure import Figure

from lp_core import permutation_p


def angle_concentration(sector_CK: np.ndarray, sectors: int) -> np.ndarray:
    """Return float64 [C]: length of the mean direction of a channel's units, 0 (all around) to 1 (one angle).

    `sector_CK` is the row of each unit in the layer's map, and `sectors` the rows of that map.
    Source: Mardia & Jupp 2000, "Directional statistics", section 2.3.
    """
    return np.abs(np.exp(2j * np.pi * sector_CK / sectors).mean(1))


def by_chance(sector_CK: np.ndarray, sectors: int, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return float64 [samples, C]: the measure where angles are dealt out anew among the channels of the layer."""
    dealt = (rng.permuted(sector_CK.ravel()).reshape(sector_CK.shape) for _ in range(samples))
    return np.stack([angle_concentration(sample_CK, sectors) for sample_CK in dealt])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the mean over channels with its p-value, and draw its distribution beside that of chance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, help="of a run; unless given, half of 64 channels of made-up units agree")
    parser.add_argument("--layer", default="conv5_2")
    parser.add_argument("--sectors", type=int, default=14, help="rows of the layer's map: 14 of conv5_2 at 224 px")
    parser.add_argument("--out", type=Path, default=Path("new_measure.png"))
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(0)
    sector_CK = rng.integers(0, options.sectors, (64, 9))
    sector_CK[:32] = (sector_CK[:32, :1] + rng.integers(0, 4, (32, 9))) % options.sectors
    if options.table:
        table = pq.read_table(options.table, filters=[("layer", "=", options.layer), ("activation", ">", 0)])
        channels = table.group_by("channel", use_threads=False).aggregate([("unit_row", "list")])
        sector_CK = np.stack([rows for rows in channels["unit_row_list"].to_pylist() if len(rows) == 9])
    measured_C = angle_concentration(sector_CK, options.sectors)
    chance_BC = by_chance(sector_CK, options.sectors, 999, rng)
    p = permutation_p(float(measured_C.mean()), chance_BC.mean(1))
    print(f"{len(measured_C)} channels: {measured_C.mean():.3f}, by chance {chance_BC.mean():.3f}, p = {p:.3f}")
    axes = Figure(figsize=(7, 3.4), layout="constrained").subplots()
    axes.hist([measured_C, chance_BC.ravel()], 20, range=(0, 1), density=True, label=["measured", "by chance"])
    axes.set(xlabel="concentration of angle", ylabel="density of channels", title=f"p = {p:.3f}")
    axes.legend()
    axes.figure.savefig(options.out, dpi=100)


if __name__ == "__main__":
    main()
