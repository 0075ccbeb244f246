"""The graph and the table of stages in docs/ARCHITECTURE.md: `python -m workflows.stage_table` prints them."""

from __future__ import annotations

from dataclasses import dataclass

from lp_core.run.stage import Stage
from lp_core.setting_names import setting_roles
from lp_core.settings import Recipe, ViewName, ViewSettings
from lp_core.storage import Storage
from workflows.stage_parts import WRITES
from workflows.stages import StageGraph

_RECIPE = Recipe(name="any", geometry=ViewSettings(sectors=112))
_LOG_POLAR: ViewName = "log_polar"


@dataclass(frozen=True)
class _Example(StageGraph):
    """The graph of a run in which nothing is finished, or whose weights were brought by `--weights`."""

    imported: bool = False

    @property
    def _dataset(self) -> str:
        return "any"

    def weights(self, view: ViewName) -> Stage | None:
        return Stage(self.run / view, "weights", {}, f"view {view}") if self.imported else None

    def first_weights(self, view: ViewName) -> Stage | None:
        return Stage(self.run / view, "first_weights", {"weights": "any"}, f"view {view}")

    def kept(self, view: ViewName) -> dict[int, str]:
        return dict.fromkeys(range(self.recipe.train.epochs), "any")


def graph(imported: bool = False) -> dict[str, Stage]:
    """One stage of every name, in the order in which a run makes them."""
    made = _Example(_RECIPE, Storage("/run"), imported)
    stages = [
        made.source(_LOG_POLAR),
        made.evaluate(_LOG_POLAR),
        made.compare(),
        made.scan(_LOG_POLAR),
        made.changes(_LOG_POLAR),
        *([] if imported else [made.evolution(_LOG_POLAR)]),
        made.visualize(_LOG_POLAR),
        made.tolerance(_LOG_POLAR),
        made.retention(_LOG_POLAR),
        made.equivariance(_LOG_POLAR),
        made.sanity(_LOG_POLAR),
        *([] if imported else [made.strips(_LOG_POLAR)]),
        made.measure(),
        made.report(),
    ]
    return {stage.name: stage for stage in stages}


def stage_graph() -> str:
    """A mermaid graph: an arrow from every stage to those that read what it wrote."""
    edges = dict.fromkeys(
        (before.name, stage.name)
        for imported in (False, True)
        for stage in graph(imported).values()
        for before in stage.before
        if not (imported and stage.name == "changes")  # there are no epochs
    )
    return "\n".join(["```mermaid", "graph LR", *(f"  {before} --> {stage}" for before, stage in edges), "```"])


_READ_PHOTOGRAPHS = (
    "evaluate",
    "scan",
    "visualize",
    "tolerance",
    "retention",
    "equivariance",
    "sanity",
    "report",
)
"""Stages that read the data set beside other stages."""


def stage_table() -> str:
    """A Markdown table: what each stage reads, the settings it adds to those of earlier stages, what it writes."""
    stages = graph()
    first, weights = stages["train"].before[0], graph(imported=True)["weights"]
    lines = ["| stage | in | reads | settings of its own | writes |", "|---|---|---|---|---|"]
    for stage in (first, stages["train"], weights, *list(stages.values())[1:]):
        before = ", ".join(dict.fromkeys(earlier.name for earlier in stage.before))
        before = before.replace("train", "train or weights") if stage.name != "changes" else before
        files = {"weights": "`--weights FILE`", "first_weights": "`--init-weights FILE`"}
        reads = (files | {"train": "first_weights (where given), data set"}).get(stage.name, before)
        if stage.name in _READ_PHOTOGRAPHS:
            reads += ", data set"
        folder = stage.folder.uri.removeprefix("/").replace("run", "RUN").replace(_LOG_POLAR, "&lt;view&gt;")
        writes = ", ".join(f"`{name}`" for name in WRITES[stage.name])
        lines.append(f"| {stage.name} | {folder} | {reads} | {_listed(_own(stage))} | {writes} |")
    return "\n".join(lines)


def setting_table() -> str:
    """Settings that make no finished stage stale, by the reason why, as a Markdown list."""
    roles = setting_roles(_RECIPE)
    texts = {
        "placement": "Where, how often, how much is kept (`placement`)",
        "selection": "Which stages or files are made (`selection`)",
    }
    heading = "Settings that make no training, measurement or picture stale:\n\n"
    return heading + "\n".join(
        f"- {text}: {_listed([name for name, own_role in roles.items() if own_role == role], whole=False)}."
        for role, text in texts.items()
    )


def document() -> str:
    """All of it, as it stands between the marks in the document."""
    return "\n\n".join([stage_graph(), stage_table(), setting_table()])


def _own(stage: Stage) -> list[str]:
    """Settings that the stages before it do not depend on."""
    known = {name for before in stage.before for name in before.settings}
    return [name for name in stage.settings if name not in known]


def _listed(names: list[str], whole: bool = True) -> str:
    """The settings in words; `section.*` where every one of a section that decides results is among them."""
    sections: dict[str, list[str]] = {}
    for name in names:
        sections.setdefault(name.partition(".")[0] if "." in name else "", []).append(name)
    words = []
    for section, members in sections.items():
        every = [
            name for name, role in setting_roles(_RECIPE).items() if name.startswith(f"{section}.") and role == "result"
        ]
        words += [f"`{section}.*`"] if whole and members == every else [f"`{name}`" for name in members]
    return ", ".join(words)


if __name__ == "__main__":
    print(document())
