"""A run whose stages are finished on paper: manifests without the files, for tests of what makes them stale."""

from lp_core.run.files import FINDINGS
from lp_core.run.stage import Stage
from lp_core.settings import Recipe
from lp_core.storage import Storage
from workflows.config import write_config
from workflows.stages import StageGraph

TESTS = ("tolerance", "retention", "equivariance", "sanity")
"""Stages of measures that are made where they are asked for."""


def finish_on_paper(recipe: Recipe, run: Storage, imported: bool = False) -> StageGraph:
    """Write every manifest of a run in the order in which a run does."""
    write_config(run, recipe)
    graph = StageGraph(recipe, run)
    for view in recipe.views:
        if imported:
            Stage(run / view, "weights", {"file": view}).finish(1.0, weights=f"w {view}", source=f"/{view}.pth")
        else:
            graph.train(view).finish(1.0, weights=f"w {view}")
        graph.evaluate(view).finish(1.0)
        graph.scan(view).finish(1.0, exemplars=f"e {view}")
        graph.visualize(view).finish(1.0)
        graph.tolerance(view).finish(1.0)
        graph.retention(view).finish(1.0)
        graph.equivariance(view).finish(1.0)
        graph.sanity(view).finish(1.0)
        for scan in graph.measured_scans(view).values():
            if not scan.is_finished():
                scan.finish(1.0)
    graph.compare().finish(1.0)
    graph.measure().finish(1.0)
    run.write_json(FINDINGS, {"format": 1, "findings": []})
    graph.report().finish(1.0)
    return graph


def stages_of(graph: StageGraph) -> dict[str, Stage]:
    """Every stage of both views, such as `scan log_polar`."""
    stages = {"compare": graph.compare(), "measure": graph.measured(), "report": graph.report()}
    for view in ("cartesian", "log_polar"):
        source = graph.source(view)
        stages[f"{source.name} {view}"] = source
        for name in ("evaluate", "scan", "visualize", *TESTS):
            stages[f"{name} {view}"] = getattr(graph, name)(view)
    return stages
