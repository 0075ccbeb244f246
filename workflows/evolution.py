"""`logpolar measure --evolution`: when channels come to like the images that they like in the end."""

from __future__ import annotations

import numpy as np

from lp_core.network.layers import architecture_of
from lp_core.network.schedule import learning_rate
from lp_core.run import files
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import ViewName
from tasks.evolving import read_checkpoint, weights_left
from tasks.from_recipe import feed_of
from tasks.measuring import read_nines
from tasks.progress import Progress, say
from workflows.epochs import evolution_epochs, planned_epochs
from workflows.scan import scan_control
from workflows.session import Session


def evolve(session: Session) -> None:
    """Measure the evolution of every view's channels; epochs, and the other crop, that were not scanned yet are first.

    Raises:
        LogpolarError: a view was not trained here, or its training kept too few weights.
    """
    check_history(session)
    for view in session.recipe.views:
        scan_epochs(session, view)
        scan_control(session, view, [None], "other-crop")
        stage = session.stages.evolution(view)
        if stage.is_finished() and all(stage.folder.exists(name) for name in stage.fact("files")):
            say(f"evolution {view}: finished before")
        else:
            _evolve_view(session, view, stage)


def check_history(session: Session, *, is_planned: bool = False) -> None:
    """Refuse views without a history of weights, before anything is scanned or kept.

    Args:
        session: of the run.
        is_planned: whether views may still be trained; what their training will keep counts, too.
    """
    recipe, stages = session.recipe, session.stages
    for view in recipe.views:
        if is_planned and stages.source(view).name == "train":
            evolution_epochs(recipe, session.run, view, {*stages.kept(view), *planned_epochs(recipe)})
        else:
            stages.epoch_scans(view)


def scan_epochs(session: Session, view: ViewName) -> None:
    """Scan the weights of a view's epochs that evolution reads, unless that is finished."""
    last = session.recipe.train.epochs
    scan_control(session, view, [epoch for epoch in session.stages.epoch_scans(view) if epoch != last], "none")


def _evolve_view(session: Session, view: ViewName, stage: Stage) -> None:
    from lp_core.findings.evolution import birth_table, evolution_table
    from lp_core.findings.layer_evolution import layer_births, layer_table

    scans = session.stages.epoch_scans(view)
    with stage_run(stage) as watch:
        distances = _weight_distances(session, view, list(scans))
        checkpoints = [read_checkpoint(epoch, scan.folder) for epoch, scan in scans.items()]
        other_crop = read_nines(session.stages.scan(view, control="other-crop").folder)
        rate_E = [_rate_at(session, view, epoch) for epoch in scans]
        tables = {
            files.EVOLUTION: evolution_table(checkpoints),
            files.BIRTHS: birth_table(checkpoints),
            files.EVOLUTION_LAYERS: layer_table(checkpoints, other_crop, distances, rate_E),
            files.LAYER_BIRTHS: layer_births(checkpoints, session.recipe.seed),
        }
        written = {name: stage.folder.write_table(name, table) for name, table in tables.items()}
    stage.finish(watch.seconds, epochs=list(scans), files=written)
    medians = {row["layer"]: row["median"] for row in tables[files.LAYER_BIRTHS].to_pylist() if row["channels"]}
    words = ", ".join(f"{layer} {median:g}" for layer, median in medians.items())
    say(f"evolution {view}: median birth epoch, {max(scans)} also for later ones: {words}")


def _weight_distances(session: Session, view: ViewName, epochs: list[int]) -> dict[str, np.ndarray]:
    """By layer, how far the weights of each epoch still are from the last ones."""
    from lp_core.measures.weight_distance import relative_distances

    last, layers = session.trained(view), list(architecture_of(session.recipe.network).channels)
    pieces = [(session.trained(view, epoch), last) for epoch in epochs[:-1]]
    left = {epochs[-1]: dict.fromkeys(layers, 0.0)}
    with Progress(f"evolution {view}", len(pieces), "sets of weights") as progress:
        for epoch, distances in session.executor.run(weights_left, pieces, session.recipe.scan.gpus_per_task):
            left[epoch] = distances
            progress.advance(1)
    return {layer: relative_distances(np.array([left[epoch][layer] for epoch in epochs])) for layer in layers}


def _rate_at(session: Session, view: ViewName, epoch: int) -> float:
    """The learning rate of the last step of an epoch; of the first step for epoch 0."""
    steps = feed_of(session.recipe, view).steps_per_epoch
    return learning_rate(session.recipe.train, max(0, epoch * steps - 1), steps)
