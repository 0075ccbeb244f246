"""Named runs: each function returns complete settings; its docstring gives command, duration and expected result."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from lp_core.errors import SettingError
from lp_core.settings import (
    DataSettings,
    MeasureSettings,
    NetworkSettings,
    Recipe,
    ScanSettings,
    TrainSettings,
    ViewSettings,
    VisualizeSettings,
)
from workflows.imported_recipe import imported_recipe


def demo() -> Recipe:
    """The whole chain on the built-in data set: `logpolar demo`, 2 to 3 minutes on 2 cores.

    Over eight seeds the cartesian view reaches 94 to 96 %, the log-polar view 90 to 96 %.
    """
    return Recipe(
        name="demo",
        # Left and right matter: a mirror turns one hand's spirals into the other's.
        data=DataSettings(crop_scale=(0.5, 1.0), flip=0.0, eval_crop=1.0),
        geometry=ViewSettings(size=48),
        network=NetworkSettings(
            width=0.125, pool=2, dropout=0.1, angle_padding="circular", initialization="variance-preserving"
        ),
        train=TrainSettings(
            epochs=6,
            batch_size=32,
            optimizer="adamw",
            learning_rate=1e-3,
            weight_decay=0.05,
            schedule="one-cycle",
            warmup_epochs=1,
            validate_every_epochs=2,
        ),
        scan=ScanSettings(piece_rows=150),  # four pieces of 600 images: two cores share them evenly
        visualize=VisualizeSettings(few=2),
        measure=MeasureSettings(samples=300),  # Holm over 13 layers needs 260 to reach 5 %
    )


def tiny_imagenet() -> Recipe:
    """Both views on 64 px photographs of 100 classes, an hour or two on 2 cores: 30 % (cartesian), 27 % (log-polar).

    `logpolar index ../shared/data/tiny-imagenet-100 runs/tiny_imagenet_data`, then
    `logpolar run --recipe tiny_imagenet --run runs/tiny_imagenet --data.path runs/tiny_imagenet_data`.
    """
    return Recipe(
        name="tiny_imagenet",
        data=DataSettings(crop_scale=(0.6, 1.0), eval_crop=1.0, shuffle_window=16384),
        # Photographs this small have no detail that a sharper fovea could see.
        geometry=ViewSettings(size=64, foveal_scale=4.0),
        network=NetworkSettings(
            width=0.25, pool=2, dropout=0.0, angle_padding="circular", initialization="looks-linear"
        ),
        train=TrainSettings(
            epochs=6,
            batch_size=32,
            optimizer="adamw",
            learning_rate=6e-4,
            weight_decay=0.02,
            schedule="one-cycle",
            warmup_epochs=0.25,
            log_every_steps=50,
        ),
        visualize=VisualizeSettings(gallery="all"),
    )


def imagenette() -> Recipe:
    """Both views at 64 px of ten ImageNet classes, photographs of 224 px: 74 % (cartesian), 65 % (log-polar).

    `logpolar index ../shared/data/imagenette-224 runs/imagenette_data`, then
    `logpolar run --recipe imagenette --run runs/imagenette --data.path runs/imagenette_data`: 11 minutes for both
    trainings on 2 cores that compute in bf16, 25 on busy ones that do not. The accuracies are means over three seeds;
    both views were tuned alike, on rows held out of the training split (docs/FINDINGS.md).
    """
    return Recipe(
        name="imagenette",
        data=DataSettings(crop_scale=(0.35, 1.0), eval_crop=1.0, shuffle_window=16384),
        geometry=ViewSettings(size=64, foveal_scale=4.0),
        network=NetworkSettings(
            width=0.25, pool=2, dropout=0.0, angle_padding="circular", initialization="looks-linear"
        ),
        train=TrainSettings(
            epochs=15,
            batch_size=32,
            optimizer="adamw",
            learning_rate=7e-4,
            weight_decay=0.02,
            label_smoothing=0.1,
            schedule="one-cycle",
            warmup_epochs=0.25,
            log_every_steps=50,
        ),
        visualize=VisualizeSettings(gallery="all"),
    )


def imagenet() -> Recipe:
    """VGG-16 at 224 px as we think it should be done: true centre, sampled once and prefiltered, angles that wrap.

    `logpolar run --recipe imagenet --run s3://bucket/run --data.path s3://bucket/imagenet --train.workers 8`.
    A view takes 100 epochs x 1.28 million images x 92.65 GFLOP: 7 hours at 5,000 images/s. Expected of the cartesian
    view: 71.6 % top-1, 90.4 % top-5 (torchvision's published weights, 90 epochs); of the log-polar view: at least
    `imagenet_paper`'s. Never run here from beginning to end.
    """
    return Recipe(
        name="imagenet",
        # Photographs are not stored by class in the common copies: row groups are mixed, and each is read once.
        data=DataSettings(shuffle_window=256, lanes=16),
        network=NetworkSettings(angle_padding="circular"),
        train=_paper_schedule(),
        visualize=VisualizeSettings(gallery="all"),
    )


def imagenet_paper() -> Recipe:
    """The paper's own experiment: VGG-16 on log-polar images as `cv2.logPolar` made them in 2018, 100 epochs.

    `logpolar run --recipe imagenet_paper --run s3://bucket/run --data.path s3://bucket/imagenet --train.workers 8`.
    As long as `imagenet`; the paper's two GPUs took a week. Expected (Table 1): cartesian 71.56 % top-1, 90.38 % top-5;
    log-polar 65.72 % and 86.61 %. The cartesian figures are torchvision's weights of 90 epochs. Never run here from
    beginning to end.
    """
    return Recipe(
        name="imagenet_paper",
        data=DataSettings(shuffle_window=256, lanes=16),
        geometry=ViewSettings(law="paper-2018", sampling="two-step", prefilter=False),
        network=NetworkSettings(angle_padding="zeros", initialization="torchvision"),
        train=_paper_schedule(),
        visualize=VisualizeSettings(gallery="all"),
    )


def _paper_schedule() -> TrainSettings:
    """100 epochs of SGD, 0.01 divided by 10 every 30, for 256 images over all workers."""
    return TrainSettings(
        epochs=100,
        batch_size=256,
        optimizer="sgd",
        learning_rate=0.01,
        reference_batch=256,
        momentum=0.9,
        weight_decay=1e-4,
        schedule="steps",
        step_epochs=30,
    )


RECIPES: dict[str, Callable[[], Recipe]] = {
    function.__name__: function for function in (demo, tiny_imagenet, imagenette, imagenet, imagenet_paper)
}


def recipe(name: str) -> Recipe:
    """The settings of a recipe: one of `RECIPES`, or MODULE:FUNCTION of a user's own.

    Raises:
        SettingError: there is none of that name (the message names the nearest), or the user's own fails.
    """
    if ":" in name:
        return imported_recipe(name)
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, 1)
        hint = f"did you mean {near[0]}? There" if near else "there"
        raise SettingError(f"unknown recipe '{name}'; {hint} are {', '.join(RECIPES)}, and MODULE:FUNCTION of your own")
    return RECIPES[name]()
