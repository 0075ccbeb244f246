"""`--init-weights FILE`: a training that begins with weights of another one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lp_core.errors import LogpolarError, SettingError, check
from lp_core.fingerprint import checksum
from lp_core.run.files import CHECKPOINTS, FIRST_WEIGHTS
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import Recipe
from tasks.progress import say
from workflows.session import Session
from workflows.weights import absolute

if TYPE_CHECKING:
    from lp_core.run.first_weights import FirstWeights

OPTION = "--init-weights"


def import_first_weights(session: Session, source: str) -> None:
    """Copy the weights of a VGG into the run, for the views that it is about to train.

    Args:
        session: of the run.
        source: file, URI, or torchvision's name of published weights.

    Raises:
        DataError: the file holds no weights of this network.
        SettingError: see `keep_first_weights`.
    """
    keep_first_weights(session, read_first_weights(session.recipe, len(session.dataset.class_names), source), source)


def read_first_weights(recipe: Recipe, classes: int, source: str) -> FirstWeights:
    """Return what a run's network takes of a file.

    Args:
        recipe: settings of the run.
        classes: of its data set.
        source: file, URI, or torchvision's name of published weights.

    Raises:
        DataError: there is no such file, or it fits another network.
    """
    from lp_core.network.construction import without_memory
    from lp_core.run.first_weights import first_weights_of, last_layer
    from lp_core.run.weights import without_norms
    from lp_core.run.weights_file import read_weights, read_weights_for

    network = without_memory(recipe.network, "cartesian", classes)
    try:
        if recipe.network.modules:
            tensors, _, remark = read_weights_for(source, network.state_dict(), last_layer(network))
            folded = ""
        else:
            tensors, _, remark = read_weights(source, recipe.network.depth)
            tensors, folded = without_norms(tensors, source)
        return first_weights_of(tensors, network, source, "; ".join(filter(None, [remark, folded])))
    except LogpolarError as error:
        raise type(error)(f"{OPTION} {error}") from None


def identity_of(source: str) -> str:
    """Return a text that changes when the content of a file of weights does.

    Raises:
        DataError: there is no such file, or it holds no weights.
    """
    from lp_core.run.weights_file import file_identity

    try:
        return file_identity(source)
    except LogpolarError as error:
        raise type(error)(f"{OPTION} {error}") from None


def keep_first_weights(session: Session, first: FirstWeights, source: str) -> None:
    """Write first weights into the run, for each of its views; later commands read them there.

    Args:
        session: of the run.
        first: what its network takes of a file.
        source: where they come from.

    Raises:
        SettingError: a view began with other weights, or has weights that were not trained here.
    """
    from lp_core.run.first_weights import first_weights_bytes

    data = first_weights_bytes(first.tensors)
    stages = [
        Stage(session.run / view, "first_weights", {"weights": checksum(data)}, f"view {view}")
        for view in session.recipe.views
    ]
    for stage in stages:
        _refuse_another_beginning(session, stage)
    for stage in stages:
        if stage.is_finished():
            continue
        session.lock()
        start = time.monotonic()
        with stage_run(stage):
            stage.folder.write_bytes(FIRST_WEIGHTS, data)
        stage.finish(time.monotonic() - start, source=absolute(source), anew=first.anew)
        say(f"first weights of {stage.about}: from {source}: {first.words()}")


def _refuse_another_beginning(session: Session, stage: Stage) -> None:
    run, folder = session.run, stage.folder
    check(
        not folder.exists("stages/weights.json"),
        f"{run}: {stage.about} has weights that were not trained here; give another --run for {OPTION}",
    )
    if stage.manifest() is None:
        trained = folder.exists("stages/train.json") or folder.files(CHECKPOINTS)
        check(not trained, f"{run}: {stage.about} began with random weights; give another --run for {OPTION}")
    elif not stage.is_finished():
        raise SettingError(
            f"{run}: {stage.about} began with other weights, of {stage.fact('source')}; give these or another --run"
        )
