"""What all stages of one command share: the run folder, the settings, and Ray, once a stage needs it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property

from lp_core.dataset.folder import DatasetFolder
from lp_core.settings import Recipe, ViewName
from lp_core.storage import Storage
from tasks.cluster import Cluster
from tasks.connection import connected
from tasks.folder_lock import locked
from tasks.gpu_share import automatic_share
from tasks.networks import Trained
from tasks.pieces import Executor, RayTasks
from tasks.preflight import check_storage
from tasks.progress import say
from workflows.config import write_config
from workflows.stages import StageGraph


@dataclass
class Session:
    """One command's work on one run; use as a context manager.

    Args:
        recipe: settings.
        run: the run folder.
        address: of a running cluster, or None for one of this machine's own.
        given_executor: runs pieces of work instead of Ray tasks.
    """

    recipe: Recipe
    run: Storage
    address: str | None = None
    given_executor: Executor | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _locks: bool = False

    def __enter__(self) -> Session:
        self._locks = True
        return self

    def __exit__(self, *error: object) -> None:
        self._locks = False
        self._stack.__exit__(None, None, None)

    @cached_property
    def cluster(self) -> Cluster:
        """Ray, connected when a stage first asks for it: a finished run needs none."""
        train, gpus_per_task = self.recipe.train, self.recipe.scan.gpus_per_task
        training_cpus = len(self.recipe.views) * train.workers * train.cpus_per_worker
        connection = connected(self.address, training_cpus=training_cpus, gpus_per_task=gpus_per_task)
        cluster = self._stack.enter_context(connection)
        if cluster.grows and cluster.cpus == 0:
            say("the cluster has no CPUs yet; its autoscaler is waited for")
        if not cluster.is_local:
            check_storage(self.run, self.dataset.storage, "manifest.json")
        return cluster

    @property
    def executor(self) -> Executor:
        """What runs pieces of work; unless one was given, Ray is connected when it is first asked for."""
        return self.given_executor or RayTasks(self.cluster, lambda: self._share_of_gpu)

    @cached_property
    def _share_of_gpu(self) -> float:
        """What `scan.gpus-per-task auto` is here; a line says so where it is any."""
        share = automatic_share(self.recipe, self.cluster, len(self.dataset.class_names))
        if share:
            say(f"{share:g} of a GPU for each task (scan.gpus-per-task auto)")
        return share

    @cached_property
    def dataset(self) -> DatasetFolder:
        """The data set that the recipe names."""
        return DatasetFolder.open(self.recipe.data.path)

    @property
    def stages(self) -> StageGraph:
        """The stages of the run with the present settings."""
        return StageGraph(self.recipe, self.run)

    def trained(self, view: ViewName, epoch: int | None = None) -> Trained:
        """The trained network of a view: `StageGraph.trained`."""
        return self.stages.trained(view, epoch)

    def lock(self) -> None:
        """Refuse to write beside another command, from before the first write to the end of the `with` block.

        Raises:
            StorageError: another command works in the run folder.
        """
        if self._locks:
            self._locks = False
            self._stack.enter_context(locked(self.run))

    def write_config(self) -> None:
        """Keep the settings in the run folder; every command does that works on a stage, before it begins."""
        self.lock()
        write_config(self.run, self.recipe)
