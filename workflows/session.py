"""What all stages of one command share: the run folder, the settings, and Ray, which starts when a stage needs it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property

from lp_core.dataset.folder import DatasetFolder
from lp_core.settings import Recipe, ViewName
from lp_core.storage import Storage
from tasks.cluster import Cluster, connected
from tasks.networks import Trained
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
    """

    recipe: Recipe
    run: Storage
    address: str | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(None, None, None)

    @cached_property
    def cluster(self) -> Cluster:
        """Ray, connected when a stage first uses it; a finished run does not."""
        cluster = self._stack.enter_context(connected(self.recipe, self.address))
        if cluster.grows and cluster.cpus == 0:
            say("the cluster has no CPUs yet; waiting for its autoscaler")
        if not cluster.is_local:
            check_storage(self.run, self.dataset.storage, "manifest.json")
        return cluster

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

    def write_config(self) -> None:
        """Write the settings into the run folder; every command that works on a stage does so before it begins."""
        write_config(self.run, self.recipe)
