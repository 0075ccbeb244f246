"""Ask the table of exemplars with SQL: how many classes do the nine images of a channel have, layer by layer?

python examples/query_exemplars.py [--table RUN/log_polar/exemplars.parquet] [--out query_exemplars.png]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from matplotlib.figure import Figure

from lp_core import NetworkSettings, TopK, find_peaks, normalized
from lp_core.exemplars.table import exemplar_table
from lp_core.network.initialization import first_network
from lp_core.network.layers import conv_channels
from lp_core.toy.data_set import CLASSES, draw

WIDTH = 1 / 8
QUERY = """
    SELECT layer, avg(classes) AS mean_classes, count(*) AS channels
    FROM (SELECT layer, channel, count(DISTINCT label) AS classes FROM exemplars
          WHERE activation > 0 GROUP BY layer, channel HAVING count(*) = 9)
    GROUP BY layer ORDER BY layer
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print and draw the mean number of classes among nine images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, help="of a run; unless given that of a small untrained network")
    parser.add_argument("--out", type=Path, default=Path("query_exemplars.png"))
    options = parser.parse_args(arguments)
    duckdb.register("exemplars", pq.read_table(options.table) if options.table else untrained_exemplars())
    rows = duckdb.sql(QUERY).fetchall()  # DuckDB also reads files: FROM 'runs/*/log_polar/exemplars.parquet'
    print(*(f"{layer}: {mean:.2f} classes among nine, {count} channels" for layer, mean, count in rows), sep="\n")
    axes = Figure(figsize=(7, 3.4), layout="constrained").subplots()
    axes.plot([row[0] for row in rows], [row[1] for row in rows], "o-")
    axes.set(ylim=(1, 9), ylabel="classes among nine images", title="distinct classes by layer")
    axes.tick_params("x", rotation=45)
    axes.figure.savefig(options.out, dpi=100)


def untrained_exemplars() -> pa.Table:
    """Return the exemplars of a small untrained network among 60 images of the built-in data set."""
    images, labels = zip(*(draw(0, "validation", row, side=64) for row in range(60)), strict=True)
    network = first_network(NetworkSettings(width=WIDTH, pool=1), "cartesian", len(CLASSES), seed=0).eval()
    peaks = find_peaks(network, normalized(np.stack(images), torch.device("cpu")))
    top = TopK.empty(peaks.value_NC.shape[1]).push(peaks, range(60))
    rows = pa.table({"row": range(60), "image_id": [f"toy_{row}" for row in range(60)], "label": labels})
    return exemplar_table(top, conv_channels(WIDTH), rows, CLASSES)


if __name__ == "__main__":
    main()
