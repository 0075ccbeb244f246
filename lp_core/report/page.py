"""The report of a run: a page that opens from disk, made of plain data. Its templates are the only files it reads."""

from __future__ import annotations

import base64
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from lp_core.config import ViewName
from lp_core.report.montage import VIEW_TITLES, Geometry
from lp_core.report.plate import Picture
from lp_core.report.plots import training_curves

_SHOWN_PER_LAYER = 24
"""Channels of a layer on the page itself; a longer page would be slow to open."""


@dataclass(frozen=True, kw_only=True)
class ViewReport:
    """What a run found out with one view."""

    evaluation: Mapping[str, Any]
    """As in evaluation.json; accuracies in percent."""
    metrics: Sequence[Mapping[str, Any]] = ()
    """The lines of metrics.jsonl; `plots.training_curves` says which keys it draws."""
    panels: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Layer -> channel -> path of the panel relative to RUN/report, such as "../log_polar/panels/conv5_2/137.png"."""
    exemplars: Sequence[Mapping[str, Any]] = ()
    """Rows of exemplars.parquet, at least those of the channels that have panels."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One photograph as the two networks see it."""

    class_name: str
    cartesian: Picture
    """uint8 [H, W, 3]: network input of the ordinary view."""
    log_polar: Picture
    """uint8 [S, R, 3]: network input of the log-polar view."""
    mapped_back: Picture
    """uint8 [H, W, 4]: what the log-polar image still holds of the photograph; alpha 0 where it holds nothing."""


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """All that the page shows, as plain values."""

    title: str
    views: Mapping[ViewName, ViewReport]
    """In the order in which they are shown."""
    classes: int
    """Number of classes, for the level of chance."""
    command: str = ""
    """What a reader types to do it again."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """Resolved settings, sections as nested mappings."""
    samples: Sequence[Sample] = ()
    dataset: Mapping[str, Any] = field(default_factory=dict)
    """Facts about the photographs, such as {"training images": 2400}."""
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Stage -> how long it took."""


def write_report(data: ReportData) -> dict[str, bytes]:
    """Make the files of RUN/report/.

    Returns:
        Name relative to RUN/report -> contents: index.html and the pictures it needs besides the panels, which stay
        where they are. The same data give the same bytes.

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
    style, script = _inline("style.css"), _inline("report.js")
    page = (
        _templates()
        .get_template("index.html")
        .render(
            data=data,
            titles=VIEW_TITLES,
            curves={
                name: Markup(svg)
                for name, svg in training_curves({v: r.metrics for v, r in data.views.items()}).items()
            },
            samples=samples,
            layers=list(_layers(data)),
            settings=list(_settings(data.recipe)),
            chance=(100 / data.classes, 100 * min(5, data.classes) / data.classes),
            style=style,
            script=script,
            policy=f"default-src 'none'; img-src 'self' file: data:; style-src {_digest(style)}; "
            f"script-src {_digest(script)}; base-uri 'none'; form-action 'none'",
        )
    )
    return {"index.html": page.encode(), **files}


def png(picture: Picture) -> bytes:
    """A picture (uint8 RGB or RGBA) as the bytes of a PNG file; equal pictures give equal bytes."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, format="PNG")
    return file.getvalue()


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


def _inline(name: str) -> Markup:
    """One of our own style sheets or scripts, to stand in the page."""
    loader = PackageLoader("lp_core.report")
    return Markup(loader.get_source(Environment(), name)[0])


def _digest(text: str) -> str:
    """What a content security policy calls exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _layers(data: ReportData) -> Iterator[dict[str, Any]]:
    """Each layer with a panel, in the network's order, with its first channels and how many there are."""
    found = {view: _classes_of_channels(report.exemplars) for view, report in data.views.items()}
    for layer in sorted({layer for report in data.views.values() for layer in report.panels}):
        channels = sorted({c for report in data.views.values() for c in report.panels.get(layer, {})})
        shown = []
        for channel in channels[:_SHOWN_PER_LAYER]:
            panels = []
            for view, report in data.views.items():
                path = report.panels.get(layer, {}).get(channel)
                width, height = Geometry(view).size
                panels.append(
                    {
                        "view": view,
                        "path": path,
                        "width": width,
                        "height": height,
                        "classes": found[view].get((layer, channel), ""),
                    }
                )
            shown.append({"number": channel, "panels": panels})
        yield {"name": layer, "channels": shown, "total": len(channels)}


def _classes_of_channels(exemplars: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """(layer, channel) -> its exemplars' classes, the most frequent first: "tench (3), hen (2), clog"."""
    classes: dict[tuple[str, int], Counter[str]] = {}
    for row in exemplars:
        classes.setdefault((row["layer"], row["channel"]), Counter())[str(row["class_name"])] += 1
    return {
        key: ", ".join(f"{name} ({times})" if times > 1 else name for name, times in counter.most_common())
        for key, counter in classes.items()
    }


def _settings(recipe: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Sections of the recipe; fields outside any section come first, as `run`."""
    yield "run", {name: value for name, value in recipe.items() if not isinstance(value, Mapping)}
    for name, section in recipe.items():
        if isinstance(section, Mapping):
            yield name, dict(section)


def _value(value: Any) -> str:
    """A setting as a person would write it."""
    if isinstance(value, (list, tuple)):
        return " ".join(_value(item) for item in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int) and abs(value) >= 10_000:
        return f"{value:,}".replace(",", "\u202f")
    return f"{value:.6g}" if isinstance(value, float) else str(value)


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
