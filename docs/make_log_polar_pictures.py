"""Draws the pictures of docs/LOG_POLAR.md.

    python -m docs.make_log_polar_pictures

The photograph is scikit-image's astronaut (Eileen Collins, NASA, public domain), 512 x 512 px.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut

from lp_core.images.crop import Crop, resize_crop
from lp_core.images.laws import LAWS
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.network_input import network_input, sample_composed
from lp_core.settings import ViewSettings

FOLDER = Path(__file__).parent / "images"
GAZE = Crop(0, 112, 224, 224)
"""A part of the photograph with the face in the middle, at its own resolution."""


def laws(photograph: np.ndarray) -> plt.Figure:
    """The laws side by side: the image, what the display gets back from it, and radius against ring."""
    image = resize_crop(photograph, GAZE, 224)
    wide = LogPolarMap(size=(224, 224), foveal_scale=16)
    columns = [("monopole, a = 1", LogPolarMap(size=(224, 224))), ("monopole, a = 16", wide)]
    columns += [(law, LogPolarMap(size=(224, 224), law=law, prefilter=False)) for law in LAWS if law != "monopole"]
    figure, axes = plt.subplots(2, 5, figsize=(12.5, 5.2), layout="constrained")
    show(axes[0, 0], image, "photograph")
    for axis, (name, log_polar) in zip(axes[0, 1:], columns, strict=True):
        show(axis, log_polar.warp(image), name)
    for axis, (_, log_polar) in zip(axes[1, 1:], columns, strict=True):
        back, alpha = log_polar.unwarp(log_polar.warp(image))
        shade = np.minimum(log_polar.density(), 1) * alpha
        show(axis, np.dstack([back, np.rint(255 * shade).astype(np.uint8)]), "back, density as alpha")
    curves = axes[1, 0]
    for (name, log_polar), style in zip(columns, ("-", "-", ":", "--"), strict=True):
        ring = np.arange(224)
        curves.semilogy(ring, np.maximum(log_polar.radius_of(ring), 1e-2), style, label=name, linewidth=1.5)
    curves.axhline(112, color="0.6", linewidth=0.8)
    curves.set(xlabel="ring", ylabel="radius in px", ylim=(0.02, 200))
    curves.legend(fontsize=7, frameon=False)
    return figure


def periphery(photograph: np.ndarray) -> plt.Figure:
    """The outer rings: one sample per cell, prefiltered, and what the cells stand for."""
    whole = Crop(0, 0, 512, 512)
    maps = {p: LogPolarMap(size=(224, 224), prefilter=p) for p in (False, True)}
    fine = LogPolarMap(size=(224, 224), sectors=224 * 8, rings=224 * 8, prefilter=False)
    # Cell (p, c) is the mean of rows 8p - 4 .. 8p + 3 of a map eight times as fine.
    finest = np.roll(sample_composed(photograph, whole, fine), 4, axis=0)
    finest = np.concatenate([finest[:, :1].repeat(4, axis=1), finest[:, :-4]], axis=1)
    truth = finest.reshape(224, 8, 224, 8, 3).mean((1, 3))
    pictures = [
        ("one sample per cell", sample_composed(photograph, whole, maps[False])),
        ("prefiltered", sample_composed(photograph, whole, maps[True])),
        ("8 x 8 samples per cell", np.rint(truth).astype(np.uint8)),
    ]
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 4.2), layout="constrained")
    for axis, (name, image) in zip(axes, pictures, strict=True):
        show(axis, image[20:84, 150:214], f"{name}\nrings 150..213, sectors 20..83")
    return figure


def fovea(photograph: np.ndarray) -> plt.Figure:
    """The 14 x 14 px of the crop around the fixation, from both ways of sampling."""
    crop = Crop(0, 0, 448, 448)
    log_polar = LogPolarMap(size=(224, 224), fixation_yx=(56, 114))
    ways = {
        "two-step: resized to 224, then warped": log_polar.warp(resize_crop(photograph, crop, 224)),
        "composed: warped from the photograph": sample_composed(photograph, crop, log_polar),
    }
    figure, axes = plt.subplots(2, 2, figsize=(7.2, 7.2), layout="constrained")
    for column, (name, image) in enumerate(ways.items()):
        show(axes[0, column], image, name)
        back, _ = log_polar.unwarp(image, scale=16)
        show(axes[1, column], back[16 * 46 : 16 * 66, 16 * 104 : 16 * 124], "20 x 20 px around the fixation")
    return figure


def views(photograph: np.ndarray) -> plt.Figure:
    """One crop as each view shows it."""
    usual = ViewSettings(size=128, foveal_scale=8.0)
    inputs = {
        "ordinary": network_input(photograph, GAZE, "cartesian", usual),
        "equal information": network_input(photograph, GAZE, "cartesian", replace(usual, equal_information=True)),
        "fisheye": network_input(photograph, GAZE, "cartesian", replace(usual, fisheye=True)),
        "log-polar": network_input(photograph, GAZE, "log_polar", usual),
    }
    figure, axes = plt.subplots(1, len(inputs), figsize=(10.5, 2.9), layout="constrained")
    for axis, (name, image) in zip(axes, inputs.items(), strict=True):
        show(axis, image, name)
    return figure


def show(axis: plt.Axes, image: np.ndarray, title: str) -> None:
    """A picture without ticks."""
    axis.imshow(image, interpolation="nearest")
    axis.set_title(title, fontsize=8)
    axis.set_xticks([])
    axis.set_yticks([])


def main() -> None:
    """Write the pictures."""
    photograph = astronaut()
    for draw in (laws, periphery, fovea, views):
        draw(photograph).savefig(FOLDER / f"log_polar_{draw.__name__}.png", dpi=80)


if __name__ == "__main__":
    main()
