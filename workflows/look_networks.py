"""The networks that `logpolar look` asks: trained ones of a run, or one from a weights file. No Ray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import check
from lp_core.indexing.identity.classes import ImageClass, classes_of, numbered_classes
from lp_core.indexing.identity.imagenet import IMAGENET_CLASSES, imagenet_wnids
from lp_core.measures.likelihood_map import Answer, Eye
from lp_core.settings import Recipe, ViewName
from lp_core.storage import Storage
from workflows.stages import StageGraph

if TYPE_CHECKING:
    from torch import nn

BATCH = 32
"""Fixations in one forward pass. Source: our choice; at 224 px and full width its largest maps have 0.8 GB."""


@dataclass(frozen=True)
class Onlookers:
    """Networks that look at photographs, and the classes that they tell apart."""

    classes: list[ImageClass]
    views: dict[ViewName, tuple[Eye, Answer]]


def onlookers_of_run(recipe: Recipe, run: Storage, crop_moves: bool = False) -> Onlookers:
    """Return the trained networks of a run's views.

    Args:
        recipe: settings of the run.
        run: its folder.
        crop_moves: as of `Eye`.

    Raises:
        LogpolarError: a view is not trained, or with other settings; its weights or the data set are not there.
    """
    from tasks.networks import kept_network

    stages = StageGraph(recipe, run)
    trained = {view: stages.trained(view) for view in recipe.views}
    dataset = DatasetFolder.open(recipe.data.path)
    classes = list(map(ImageClass, dataset.class_names, dataset.wnids))
    return Onlookers(
        classes, {view: _onlooker(_eye(recipe, view, crop_moves), kept_network(trained[view])[0]) for view in trained}
    )


def onlooker_of_weights(recipe: Recipe, source: str, crop_moves: bool = False) -> Onlookers:
    """Return the network of a weights file; its depth, width, pool and number of classes are those of the weights.

    Args:
        recipe: settings; its one view is that of the weights. The data set may be missing.
        source: file, URI, or torchvision's name of published weights.
        crop_moves: as of `Eye`.

    Raises:
        LogpolarError: the file holds no weights of a VGG, or of other classes than the data set has.
    """
    from lp_core.run.weights import fitted_settings, network_with, without_norms
    from lp_core.run.weights_file import read_weights
    from workflows.weights import named_by_option

    [view] = recipe.views
    check(not recipe.network.modules, "look takes a network of your own from its run; give --run")
    with named_by_option():
        tensors, _ = without_norms(read_weights(source, recipe.network.depth).tensors, source)
        settings, count = fitted_settings(tensors, recipe.network)
        network = network_with(tensors, settings, view, count, source).eval()
    if recipe.data.path:
        dataset = DatasetFolder.open(recipe.data.path)
        classes = list(map(ImageClass, dataset.class_names, dataset.wnids))
        check(
            len(classes) == count,
            f"--weights {source}: they tell {count} classes apart, the data set {recipe.data.path} has {len(classes)}",
        )
    else:
        classes = classes_of(imagenet_wnids()) if count == IMAGENET_CLASSES else numbered_classes(count, {})
    return Onlookers(classes, {view: _onlooker(_eye(recipe, view, crop_moves), network)})


def _eye(recipe: Recipe, view: ViewName, crop_moves: bool) -> Eye:
    return Eye(view, recipe.geometry, recipe.data.eval_crop, crop_moves)


def _onlooker(eye: Eye, network: nn.Module) -> tuple[Eye, Answer]:
    import torch

    from lp_core.network.answering import answering
    from tasks.worker_process import prepare_measuring

    prepare_measuring()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return eye, answering(network, device, BATCH)
