"""`logpolar train`: train the networks of a run, or resume from their newest checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from lp_core.dataset.faulty_rows import recorded, summary
from lp_core.dataset.feed import check_class_mix
from lp_core.errors import DataError, check
from lp_core.run.files import CHECKPOINTS
from lp_core.run.stage import refuse_other_settings
from lp_core.settings import ViewName
from tasks.from_recipe import feed_of, rows_of
from tasks.metrics_log import check_tensorboard
from tasks.preflight import check_workers
from tasks.progress import say, training_progress
from tasks.training import run_training
from workflows.config import FILE as CONFIG
from workflows.session import Session


def train(session: Session) -> None:
    """Train the network of every view whose training is not finished.

    Raises:
        SettingError: the data set is not fit for training, or the run holds a training with other settings, finished or
            not, or weights of other origin.
    """
    for view in session.recipe.views:
        imported = session.stages.weights(view)
        check(imported is None, f"{session.run}: view {view} has weights of other origin; give another --run")
    train_views(session, session.recipe.views)


def train_views(session: Session, views: Sequence[ViewName]) -> None:
    """Train the networks of some of the run's views."""
    if not views:
        return
    recipe, run = session.recipe, session.run
    dataset = session.dataset
    classes = len(dataset.class_names)
    check(classes >= 2, f"{dataset.storage} has {classes} class; a network needs at least 2 to tell apart", DataError)
    for split in ("train", "validation"):
        check(len(dataset.rows(split)) > 0, f"{dataset.storage}: split {split} has no rows", DataError)
    stages = {view: session.stages.train(view) for view in views}
    for stage in stages.values():
        refuse_other_settings(stage, run)
    unfinished = {view: stage for view, stage in stages.items() if not stage.is_finished()}
    if unfinished and recipe.network.modules:
        from workflows.own_network import check_network

        check_network(recipe, classes)
    if unfinished and run.exists(CONFIG):
        from lp_core.run.checkpoint import refuse_other_training

        for stage in unfinished.values():
            refuse_other_training(stage.folder / CHECKPOINTS, stage.fingerprint)
    session.write_config()
    for view in views:
        if view not in unfinished:
            say(f"train {view}: finished before")
    if not unfinished:
        return
    from lp_core.run.checkpoint import check_space

    check_class_mix(recipe.data, recipe.seed, recipe.train.batch_size)
    if recipe.train.tensorboard:
        check_tensorboard(run)
    check_space(run, recipe.network, recipe.train, classes, len(unfinished))
    cluster = session.cluster
    check_workers(cluster, recipe.train)
    if cluster.grows and not cluster.gpus and recipe.train.device == "auto":
        say("train: the cluster has no GPU now, so CPUs are used; --train.device gpu waits for GPUs")
    steps = feed_of(recipe, recipe.views[0]).steps_per_epoch * recipe.train.epochs
    with ExitStack() as watching:
        for view in unfinished:
            if first := session.stages.first_weights(view):
                say(f"train {view}: begins with the weights of {first.fact('source')}")
            watching.enter_context(training_progress(run / view, f"train {view}", steps))
        run_training(recipe, run, unfinished, cluster)
    rows = sum(len(rows_of(recipe, split)) for split in ("train", "validation"))
    for view in unfinished:
        if faulty := recorded(run / view):
            say(f"train {view}: {summary(run / view, faulty, rows)}")
