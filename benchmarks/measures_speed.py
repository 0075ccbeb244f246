"""Time and memory of the grouping measures against the popularity-preserving null, for a network of full width.

    python -m benchmarks.measures_speed
    python -m benchmarks.measures_speed --width 0.125 --images 600

Tables are synthetic: nine of 50,000 images for each of 4,224 channels, some images far more popular than others, 1,000
classes, padding at the border of some receptive fields, 64-bit hashes, embeddings of the patches of one layer.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from benchmarks.machine import machine_line, peak_megabytes
from benchmarks.timing import Stopwatch
from lp_core.findings.interpretability import MOST_SAMPLES
from lp_core.measures.clusters import channel_clusters
from lp_core.measures.curveball import curveball
from lp_core.measures.duplicates import different_pairs
from lp_core.measures.grouping import (
    class_entropy,
    concordance,
    counted_pairs,
    distinct_classes,
    pair_similarity,
    purity,
    unit_vectors,
    unlike_pairs,
)
from lp_core.measures.independent_images import independent_nine
from lp_core.measures.interpretability import QUANTILES, machine_interpretability
from lp_core.measures.popularity import Measure, grouping_effects, tertiles
from lp_core.measures.twins import twin_channels
from lp_core.measures.wordnet import hypernyms, lin_similarity
from lp_core.network.layers import conv_channels

SHARES_DISTINCT = 0.56
"""Share of the places of conv5_2 that hold distinct images. Source: measured, one small network."""


def popular_nines(channels: int, images: int, rng: np.random.Generator) -> np.ndarray:
    """Nines [C, 9] in which about `SHARES_DISTINCT` of the places hold distinct images."""
    pool = rng.choice(images, min(images, 12 * channels), replace=False)
    weight_N = np.exp(1.4 * rng.normal(size=len(pool)))
    return pool[np.argpartition(-weight_N / rng.exponential(size=(channels, len(pool))), 9, axis=1)[:, :9]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--samples", type=int, default=1_000)
    parser.add_argument("--width", type=float, default=1.0, help="of the network; 1/8 with 600 images is the demo")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    layers = conv_channels(options.width)
    classes = min(1000, options.images // 50)
    rng = np.random.default_rng(options.seed)
    layer_C = np.repeat(np.arange(len(layers)), list(layers.values()))
    image_CK = np.concatenate([popular_nines(count, options.images, rng) for count in layers.values()])
    label_CK = rng.integers(0, classes, options.images)[image_CK]
    hash_CK = rng.integers(0, 2**63, options.images).astype(np.uint64)[image_CK]
    border_CK = rng.random(image_CK.shape) < 0.2
    deepest = layer_C == list(layers).index("conv5_2")
    distinct = [len(np.unique(image_CK[layer_C == layer])) / (9 * (layer_C == layer).sum()) for layer in (0, 11)]
    seconds: dict[str, float] = {}
    processor: dict[str, float] = {}

    def timed(name, function):
        with Stopwatch() as wall, Stopwatch(time.process_time) as busy:
            result = function()
        seconds[name], processor[name] = wall.seconds, busy.seconds
        return result

    edges = hypernyms()
    wnids = sorted(set(edges) - {parent for parents in edges.values() for parent in parents})[:classes]
    similarity_LL = timed("Lin similarity", lambda: lin_similarity(wnids)).astype(np.float32)
    timed("independent images (N0)", lambda: independent_nine(np.full(classes, options.images // classes)))
    timed(
        "distinct, purity, entropy",
        lambda: [measure(label_CK) for measure in (distinct_classes, purity, class_entropy)],
    )
    timed("clusters of channels", lambda: [channel_clusters(image_CK[layer_C == layer]) for layer in range(13)])
    label, hashes, border = label_CK.ravel(), hash_CK.ravel(), border_CK.ravel()
    measures: dict[str, Measure] = {
        "G": lambda place_CK: concordance(label[place_CK]),
        "G without near-duplicates": lambda place_CK: concordance(label[place_CK], different_pairs(hashes[place_CK])),
        "W": lambda place_CK: pair_similarity(label[place_CK], similarity_LL),
        "W of unlike classes": lambda place_CK: pair_similarity(
            label[place_CK], similarity_LL, unlike_pairs(label[place_CK])
        ),
    }
    timed(
        f"N1, B = {options.samples}, 13 layers: {', '.join(measures)}",
        lambda: grouping_effects(image_CK, measures, options.samples, rng, layer_C=layer_C),
    )
    inside: dict[str, Measure] = {
        "G inside": lambda place_CK: concordance(label[place_CK], counted_pairs(~border[place_CK]))
    }
    timed(
        f"N1, B = {options.samples}, 13 layers, places at the border apart: G",
        lambda: grouping_effects(
            image_CK,
            inside,
            options.samples,
            rng,
            layer_C=layer_C,
            stratum_CK=border_CK,
            pool_C=border_CK.sum(1),
        ),
    )
    unit = unit_vectors(rng.normal(size=(9 * deepest.sum(), 512))).astype(np.float32)
    cosine = unit @ unit.T
    third_CK = tertiles(rng.random((deepest.sum(), 9)), np.zeros(deepest.sum()))
    timed(
        f"N1 within thirds, B = {options.samples}, conv5_2: E",
        lambda: grouping_effects(
            image_CK[deepest],
            {"E": lambda place_CK: pair_similarity(place_CK, cosine)},
            options.samples,
            rng,
            stratum_CK=third_CK,
        ),
    )
    seconds["grouping in all"], processor["grouping in all"] = sum(seconds.values()), sum(processor.values())
    peak_grouping = peak_megabytes() / 1024
    maxima_NC = np.maximum(rng.normal(size=(options.images, deepest.sum())), 0).astype(np.float16)
    embedding_ND = rng.normal(size=(options.images, 512)).astype(np.float32)
    mine_CK = image_CK[deepest]
    null = [mine_CK.ravel()[place_CK] for place_CK in curveball(mine_CK, MOST_SAMPLES, rng)]
    maxima_NC = np.asfortranarray(maxima_NC)  # as `measure` does
    timed(
        "M, conv5_2, three quantiles, 100 samples",
        lambda: machine_interpretability(
            maxima_NC, embedding_ND, np.stack([mine_CK, *null]), list(QUANTILES.values()), rng
        ),
    )
    timed("twins, conv5_2", lambda: twin_channels(maxima_NC, maxima_NC[:, ::-1], rng))
    peak_all = peak_megabytes() / 1024
    report = {
        "machine": machine_line(),
        "distinct images per place, conv1_1 and conv5_2": [round(share, 2) for share in distinct],
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "processor seconds": {name: round(value, 2) for name, value in processor.items()},
        "peak memory of grouping, GiB": round(peak_grouping, 2),
        "peak memory, GiB": round(peak_all, 2),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
