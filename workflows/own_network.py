"""`--own-network MODULE:FUNCTION`: import a sequential network of the user's own as the one view of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lp_core.errors import SettingError, check
from lp_core.network.layers import architecture_of
from lp_core.settings import NetworkSettings, Recipe
from tasks.imported_function import blamed, imported_function
from tasks.progress import say
from workflows.session import Session
from workflows.weights import imported_view, keep_weights, named_by_option

if TYPE_CHECKING:
    from torch import nn

KIND = "network"


def import_network(session: Session, name: str, weights: str | None) -> None:
    """Keep a user's network in the run: its modules in the settings, its weights in a file.

    Args:
        session: a run of one view that trains nothing; its settings become those of the network.
        name: MODULE:FUNCTION. The function takes no arguments and returns an `nn.Module` with its classifier.
        weights: file to fill it from; None to take it as it comes.

    Raises:
        SettingError: the function fails, or the network is not understood; the message names the module.
        DataError: the file does not fill the network.
    """
    from lp_core.network.described import described
    from lp_core.run.weights_file import read_weights_for

    imported_view(session)
    network = _made(name)
    identity = ""
    if weights:
        with named_by_option():
            tensors, identity, _ = read_weights_for(weights, network.state_dict())
        network.load_state_dict(tensors, strict=False)  # counts of batches seen may be missing
    try:
        text, tensors = described(network.float(), session.recipe.geometry.size)
    except ValueError as error:
        raise SettingError(f"{KIND} {name}: {error}") from None
    outputs, classes = len(list(tensors.values())[-1]), len(session.dataset.class_names)
    check(outputs == classes, f"{KIND} {name}: it tells {outputs} classes apart, the data set has {classes}")
    session.recipe = _with_network(session.recipe, text)
    keep_weights(session, tensors, identity or _identity(tensors), weights or name, "")


def _made(name: str) -> nn.Module:
    from torch import nn

    function = imported_function(name, KIND)
    try:
        network = function()
    except Exception as error:  # a user's code may raise anything
        raise SettingError(f"{KIND} {name}: {blamed(error)}") from error
    check(
        isinstance(network, nn.Module),
        f"{KIND} {name}: the function returns a {type(network).__name__}, not a torch.nn.Module",
    )
    return network


def _with_network(recipe: Recipe, text: str) -> Recipe:
    """The settings with the network's modules; its last layer is drawn, and all are tested, for want of those named."""
    network = NetworkSettings(modules=text)
    layers = list(architecture_of(network).channels)
    shown = recipe.visualize
    if not {*shown.layers} <= {*layers, "all"}:
        say(f"visualize: the network has no {' '.join(shown.layers)}; its last layer {layers[-1]} gets the panels")
        shown = replace(shown, layers=(layers[-1],))
    tested = recipe.measure
    if not {*tested.sanity_layers} <= {*layers, "all"}:
        tested = replace(tested, sanity_layers=("all",))
    return replace(recipe, network=network, visualize=shown, measure=tested)


def _identity(tensors: dict) -> str:
    """A text that changes with the weights."""
    from safetensors.torch import save

    from lp_core.fingerprint import checksum

    return checksum(save({name: value.contiguous() for name, value in tensors.items()}))
