"""The report of a run: a page that opens from disk, made of plain data. Its templates are the only files it reads."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lp_core.network.layers import primary_layer
from lp_core.report.contents import ReportData, class_summary
from lp_core.report.findings import shown_kinds
from lp_core.report.gallery import gallery_data
from lp_core.report.panel import Geometry
from lp_core.report.picture import png, webp
from lp_core.report.plots import training_curves
from lp_core.report.tile import RULE_TITLES, VIEW_TITLES

_SHOWN_PER_LAYER = 24
"""Channels of a layer on the page itself; a longer page would be slow to open."""


def write_report(data: ReportData) -> dict[str, bytes]:
    """Make the files of RUN/report/.

    Returns:
        Name relative to RUN/report -> contents: index.html, gallery.html where there are panels, and what the two need
        besides the panels, which stay where they are. The same data give the same bytes.

    Raises:
        ValueError: there is no view to report on.
    """
    if not data.views:
        raise ValueError("the report has no view to show; give cartesian, log_polar or both")
    files: dict[str, bytes] = {}
    samples = []
    for number, sample in enumerate(data.samples, start=1):
        pictures = {}
        for kind in ("cartesian", "log_polar", "mapped_back"):
            name = f"images/sample_{number:02d}_{kind}.png"
            picture = getattr(sample, kind)
            files[name] = png(picture)
            pictures[kind] = {"path": name, "height": picture.shape[0], "width": picture.shape[1]}
        samples.append({"class_name": sample.class_name, "pictures": pictures})
    layers = list(_layers(data))
    nines = []
    for nine in data.nines:
        name = f"images/nine_{nine.view}_{nine.percentile}.webp"
        if nine.picture is not None:
            files[name] = webp(nine.picture)
        side = 0 if nine.picture is None else len(nine.picture)
        nines.append({**vars(nine), "path": name if side else None, "side": side})
    kinds = shown_kinds(data.measured, data.field_degrees) if data.measured else []
    sheets = ["style.css", "findings.css", *(["sanity.css"] if any(kind.tables for kind in kinds) else [])]
    style, script = Markup("".join(map(inline, sheets))), inline("report.js")
    curves = training_curves({view: report.metrics for view, report in data.views.items()})
    files["index.html"] = render(
        "index.html",
        policy=f"style-src {digest(style)}; script-src {digest(script)}",
        data=data,
        titles=VIEW_TITLES,
        curves=[Markup(svg) for svg in curves.values()],
        samples=samples,
        kinds=kinds,
        nines=nines,
        layers=layers,
        primary=primary_layer([layer["name"] for layer in layers] or [""]),
        settings=list(_settings(data.recipe)),
        by_class=list(zip(*(report.by_class for report in data.views.values()), strict=False)),
        rule=RULE_TITLES[data.rule],
        drawn=sum(map(len, data.layers().values())),
        chance=(100 / data.classes, 100 * min(5, data.classes) / data.classes),
        style=style,
        script=script,
    )
    if data.layers():
        style = Markup(style + inline("gallery.css"))
        policy = f"style-src {digest(style)}; script-src 'self' file:"
        files["gallery.html"] = render(
            "gallery.html", policy=policy, data=data, titles=VIEW_TITLES, rule=RULE_TITLES[data.rule], style=style
        )
        files |= {f"gallery/{name}": inline(name).encode() for name in ("gallery.js", "choices.js", "channel.js")}
        files |= gallery_data(data)
    return files


def render(name: str, *, policy: str, **values: Any) -> bytes:
    """A page from its template, with a policy that forbids everything it does not need."""
    # Opened from disk, a page is not its own origin, so 'self' alone would forbid the pictures beside it.
    policy = f"default-src 'none'; img-src 'self' file:; {policy}; base-uri 'none'; form-action 'none'"
    return _templates().get_template(name).render(policy=policy, **values).encode()


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("lp_core.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["duration"] = duration
    templates.filters["value"] = _value
    return templates


def inline(name: str) -> Markup:
    """One of our style sheets or scripts, for inclusion in the page."""
    loader = PackageLoader("lp_core.report")
    return Markup(loader.get_source(Environment(), name)[0])


def digest(text: str) -> str:
    """The source expression of a content security policy that allows exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _layers(data: ReportData) -> Iterator[dict[str, Any]]:
    """Each layer with a panel, in the network's order, with its first channels and how many there are."""
    exemplars = {view: report.exemplars_of() for view, report in data.views.items()}
    for layer, drawn in data.layers().items():
        channels = [c for c in drawn if any(c in report.panels.get(layer, {}) for report in data.views.values())]
        if not channels:
            continue
        shown = []
        for channel in channels[:_SHOWN_PER_LAYER]:
            panels = [
                {
                    "view": view,
                    "path": report.panels.get(layer, {}).get(channel),
                    "size": Geometry(view).size,
                    "classes": class_summary(exemplars[view].get((layer, channel), [])),
                }
                for view, report in data.views.items()
            ]
            shown.append({"number": channel, "panels": panels})
        yield {"name": layer, "channels": shown, "total": len(drawn)}


def _settings(recipe: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Sections of the recipe; fields outside any section come first, as `run`.

    Of a user's network stand the settings that it has; its modules are many, and stand in the command.
    """
    yield "run", {name: value for name, value in recipe.items() if not isinstance(value, Mapping)}
    for name, section in recipe.items():
        if isinstance(section, Mapping) and section.get("modules"):
            count = section["modules"].count(";") + 1
            yield name, {"modules": f"{count}, in the command", "initialization": section["initialization"]}
        elif isinstance(section, Mapping):
            yield name, dict(section)


def _value(value: Any) -> str:
    """A setting as a person would write it."""
    if isinstance(value, (list, tuple)):
        return " ".join(_value(item) for item in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int) and abs(value) >= 10_000:
        return f"{value:,}".replace(",", "\u202f")
    return f"{value:.6g}" if isinstance(value, float) else str(value) or "–"


def duration(seconds: float) -> str:
    """Seconds for people: "0.4 s", "42 s", "3 min 20 s", "2 h 05 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
