"""`--own-network MODULE:FUNCTION`: a sequential network of the user's own, as it is or to be trained."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lp_core.errors import LogpolarError, SettingError, check
from lp_core.network.layers import architecture_of
from lp_core.settings import NetworkSettings, Recipe
from tasks.imported_function import blamed, imported_function
from tasks.progress import say
from workflows.first_weights import OPTION, keep_first_weights
from workflows.session import Session
from workflows.weights import imported_view, keep_weights, named_by_option

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lp_core.run.first_weights import FirstWeights

KIND = "network"


def import_network(session: Session, name: str, weights: str | None) -> None:
    """Keep a user's network in the run as it is: its modules in the settings, its weights in a file.

    Args:
        session: a run of one view that trains nothing; its settings become those of the network.
        name: MODULE:FUNCTION. The function takes no arguments and returns an `nn.Module` with its classifier.
        weights: file to fill it from; None to take it as it comes.

    Raises:
        SettingError: the function fails, or the network is not understood; the message names the module.
        DataError: the file does not fill the network.
    """
    from lp_core.run.weights_file import read_weights_for

    imported_view(session)
    network = _made(name)
    identity = ""
    if weights:
        with named_by_option():
            tensors, identity, _ = read_weights_for(weights, network.state_dict())
        network.load_state_dict(tensors, strict=False)  # counts of batches seen may be missing
    text, tensors = _described(network, name, session.recipe, trains=False)
    outputs, classes = len(list(tensors.values())[-1]), len(session.dataset.class_names)
    check(outputs == classes, f"{KIND} {name}: it tells {outputs} classes apart, the data set has {classes}")
    asked, session.recipe = session.recipe, with_network(session.recipe, NetworkSettings(modules=text))
    say_what_is_drawn(asked, session.recipe)
    keep_weights(session, tensors, identity or _identity(tensors), weights or name, "")


def begin_with_network(session: Session, name: str, weights: str | None) -> None:
    """Make a user's network the one that a run trains: from a file's weights, or from random ones of the run's seed.

    Args:
        session: of a run that is not trained, or was with this network; its settings become those of the network.
        name: as of `import_network`.
        weights: file that the training begins with; None for random weights.

    Raises:
        SettingError: as `import_network`; or see `keep_first_weights`.
        DataError: the file does not fill the network.
    """
    recipe, first = trained_network(session.recipe, name, weights)
    check_network(recipe, len(session.dataset.class_names))
    say_what_is_drawn(session.recipe, recipe)
    session.recipe = recipe
    if first and weights:
        keep_first_weights(session, first, weights)


def trained_network(recipe: Recipe, name: str, weights: str | None) -> tuple[Recipe, FirstWeights | None]:
    """Return settings with a user's network as the one that is trained, and what it takes of a file.

    Args:
        recipe: other settings.
        name, weights: as of `begin_with_network`.

    Raises:
        SettingError, DataError: as `begin_with_network`.
    """
    from lp_core.run.first_weights import FirstWeights, last_layer
    from lp_core.run.weights_file import read_weights_for

    network = _made(name)
    head, found = last_layer(network), {}
    if weights:
        try:
            found = read_weights_for(weights, network.state_dict(), head).tensors
        except LogpolarError as error:
            raise type(error)(f"{OPTION} {error}") from None
        network.load_state_dict(found, strict=False)  # the head may be missing
    text, tensors = _described(network, name, recipe, trains=True)
    settings = NetworkSettings(modules=text, initialization=recipe.network.initialization)
    if not weights:
        return with_network(recipe, settings), None
    anew = "" if f"{head}.weight" in found else head
    taken = {name: value for name, value in tensors.items() if not anew or name.rpartition(".")[0] != anew}
    return with_network(recipe, settings), FirstWeights(taken, anew)


def _described(network: nn.Module, name: str, recipe: Recipe, *, trains: bool) -> tuple[str, dict[str, Tensor]]:
    from lp_core.network.described import described

    try:
        return described(network.float(), recipe.geometry.size, trains=trains)
    except ValueError as error:
        raise SettingError(f"{KIND} {name}: {error}") from None


def check_network(recipe: Recipe, classes: int) -> None:
    """Refuse a network of the user's own that cannot be trained with these settings.

    Args:
        recipe: settings of the run.
        classes: of its data set.

    Raises:
        SettingError: it tells another number of classes apart, or has no use for images of this size or for
            `network.initialization`.
    """
    from lp_core.network.construction import outputs_of, without_memory
    from lp_core.network.initialization import check_scheme

    network, size = recipe.network, recipe.geometry.size
    try:
        outputs = outputs_of(network, "cartesian", classes, size)
    except ValueError as error:
        raise SettingError(str(error)) from None
    check(outputs == classes, f"the network tells {outputs} classes apart, the data set has {classes}")
    check_scheme(without_memory(network, "cartesian", classes), network.initialization)


def _made(name: str) -> nn.Module:
    from torch import nn

    function = imported_function(name, KIND)
    try:
        network = function()
    except (Exception, SystemExit) as error:  # a user's code may raise anything
        raise SettingError(f"{KIND} {name}: {blamed(error)}") from error
    check(
        isinstance(network, nn.Module),
        f"{KIND} {name}: the function returns a {type(network).__name__}, not a torch.nn.Module",
    )
    return network


def with_network(recipe: Recipe, network: NetworkSettings) -> Recipe:
    """Return settings with a user's network; its last layer is drawn where it has none of the layers named."""
    layers = list(architecture_of(network).channels)
    shown = recipe.visualize
    if not {*shown.layers} <= {*layers, "all"}:
        shown = replace(shown, layers=(layers[-1],))
    return replace(recipe, network=network, visualize=shown)


def say_what_is_drawn(asked: Recipe, recipe: Recipe) -> None:
    """Say whether a user's network gets panels of another layer than the settings that were asked for name."""
    missing, drawn = asked.visualize.layers, recipe.visualize.layers
    if missing != drawn:
        say(f"visualize: the network has no {' '.join(missing)}; its last layer {drawn[0]} gets the panels")


def _identity(tensors: dict) -> str:
    """A text that changes with the weights."""
    from safetensors.torch import save

    from lp_core.fingerprint import checksum

    return checksum(save({name: value.contiguous() for name, value in tensors.items()}))
