"""The last stage that `logpolar run` makes, and whether a run has been made that far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lp_core.settings import VIEW_NAMES

if TYPE_CHECKING:
    from workflows.stages import StageGraph

Until = Literal["evaluate", "scan", "visualize", "measure", "report"]


def is_finished(graph: StageGraph, until: Until) -> bool:
    """Whether a run has been made with the present settings, up to a stage."""
    views = graph.recipe.views
    if until in ("measure", "report"):
        return getattr(graph, until)().is_finished()
    stages = [getattr(graph, until)(view) for view in views]
    if until == "evaluate" and set(views) == set(VIEW_NAMES):
        stages.append(graph.compare())
    return all(stage.is_finished() for stage in stages)
