"""`--weights FILE`: import a network that was trained elsewhere, or earlier, as a view of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lp_core.errors import LogpolarError, check
from lp_core.fingerprint import checksum
from lp_core.run.files import CHECKPOINTS, WEIGHTS
from lp_core.run.stage import Stage, refuse_other_settings, stage_run
from lp_core.settings import ViewName
from lp_core.storage import Storage
from tasks.progress import say
from workflows.session import Session

if TYPE_CHECKING:
    from torch import Tensor


def import_weights(session: Session, source: str) -> None:
    """Copy weights into the run as safetensors with torchvision's names; later commands read them there.

    Args:
        session: a run of one view that trains nothing.
        source: file, URI, or torchvision's name of published weights.

    Raises:
        SettingError: the file holds no weights of this network, or the run holds other ones.
    """
    from lp_core.run.weights import without_norms
    from lp_core.run.weights_file import read_weights

    recipe = session.recipe
    imported_view(session)
    with named_by_option():
        tensors, identity, remark = read_weights(source, recipe.network.depth)
        tensors, folded = without_norms(tensors, source)
    keep_weights(session, tensors, identity, source, "; ".join(filter(None, [remark, folded])))


def imported_view(session: Session) -> ViewName:
    """Return the one view of a run whose weights come from elsewhere.

    Raises:
        SettingError: there are two views, or the view is trained here.
    """
    run, views = session.run, session.recipe.views
    check(len(views) == 1, "--weights is for one view; add --views cartesian or --views log_polar")
    folder = run / views[0]
    trained = folder.exists("stages/train.json") or folder.files(CHECKPOINTS)
    check(not trained, f"{run} holds a training of view {views[0]}; give another --run for weights of other origin")
    return views[0]


def keep_weights(session: Session, tensors: dict[str, Tensor], identity: str, source: str, remark: str) -> None:
    """Write weights into the run, for its one view.

    Args:
        session: a run of one view that trains nothing.
        tensors: by the names of the run's network.
        identity: changes when the weights do.
        source: where they come from.
        remark: what else is to be said.
    """
    from lp_core.run.weights import network_with, weights_bytes

    recipe, run = session.recipe, session.run
    view = imported_view(session)
    folder = run / view
    stage = Stage(folder, "weights", {"file": identity}, f"view {view}")
    refuse_other_settings(stage, run)
    if stage.is_finished():
        return
    session.lock()
    with stage_run(stage) as watch:
        with named_by_option():
            network = network_with(tensors, recipe.network, view, len(session.dataset.class_names), source)
        data = weights_bytes(network)
        session.write_config()
        folder.write_bytes(WEIGHTS, data)
    stage.finish(watch.seconds, weights=checksum(data), source=absolute(source))
    say("; ".join(filter(None, [f"weights {view}: from {source}", remark])))


@contextmanager
def named_by_option() -> Iterator[None]:
    """Put the option's name before messages about its file."""
    try:
        yield
    except LogpolarError as error:
        raise type(error)(f"--weights {error}") from None


def absolute(source: str) -> str:
    """The file's full path, or torchvision's name: valid in any working directory."""
    file, mark, name = (source, "", "") if Path(source).expanduser().is_file() else source.partition("#")
    return f"{Storage.at(file).uri}{mark}{name}" if Path(file).expanduser().is_file() else source
