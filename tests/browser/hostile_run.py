"""The report of a simulated run whose title and class names try to run as code."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lp_core.images.log_polar import LogPolarMap
from lp_core.network.accuracy import Counts
from lp_core.report.atlas import sheet_picture
from lp_core.report.contact_sheet import contact_sheet, per_row
from lp_core.report.contents import EvolutionStrip, ReportData, ViewReport
from lp_core.report.measured import Measured
from lp_core.report.page import write_report
from lp_core.report.panel import panel
from lp_core.report.picture import png, webp
from lp_core.report.tile import Tile
from lp_core.settings import ViewName, ViewSettings
from tests.lp_core.report.simulated import measured_run

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
NAMES = ["hen", "tench", "zebra", "clog", HOSTILE]
EDGES = ("top", "left", "bottom", "right")
EFFECTIVE = (0, 10, 12, 24)
VIEWS: tuple[ViewName, ...] = ("cartesian", "log_polar")
LAYERS = {
    f"conv{b}_{i}": c
    for b, n, c in ((1, 2, 64), (2, 2, 128), (3, 3, 256), (4, 3, 512), (5, 3, 512))
    for i in range(1, n + 1)
}


def noise(number: int) -> np.ndarray:
    picture = np.random.default_rng(number).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    picture[..., 3] = 255
    return picture


def tiles(number: int) -> list[Tile]:
    """Nine exemplars; each picture is another noise."""
    return [
        Tile(rank, NAMES[rank % 5], 9.0 - rank, *(noise(100 * number + 10 * rank + k) for k in range(4)))
        for rank in range(9)
    ]


def rows(layer: str, channel: int, start: int) -> list[dict[str, Any]]:
    return [
        {
            "layer": layer,
            "channel": channel,
            "rank": rank,
            "activation": float(100 - rank + (channel * 37) % 50),
            "class_name": NAMES[(start + channel + rank // 4) % 5],
            "image_id": f"photograph_{rank}",
            "unit_row": 1,
            "unit_col": 2,
            "rf_top": -4,
            "rf_left": 8,
            "rf_bottom": 20,
            "rf_right": 32,
        }
        for rank in range(9)
    ]


ACCURACY = {"images": 50, "top1": 94.0, "top1_low": 83.8, "top1_high": 97.9}
ACCURACY |= {"confused_with": "counter-clockwise spiral", "confused_images": 2}


MEASURED = {"G": 0.0, "G_z": 0.0, "eccentricity_px": 20.0, "complete": True, "dead": False}


def g_of(channel: int) -> float:
    """G of a channel in both views: every channel another, in another order than their numbers."""
    return ((channel * 7) % 31) / 36


def measured_with_channels(layers: dict[str, int]) -> Measured:
    """What was measured of a simulated run, with rows for the channels of some layers."""
    channels = [
        MEASURED | {"view": view, "layer": layer, "channel": c, "G": g_of(c), "G_z": float("nan")}
        for view in VIEWS
        for layer, count in layers.items()
        for c in range(count)
    ]
    measured = measured_run()
    return replace(measured, tables={**measured.tables, "channels": channels})


STRIP = [
    {"epoch": 0, "class_name": None, "activation": None, "shared_with_last": 0, "jump": False, "born": False},
    {"epoch": 1, "class_name": NAMES[0], "activation": 1.5, "shared_with_last": 2, "jump": True, "born": False},
    {"epoch": 2, "class_name": NAMES[0], "activation": 2.5, "shared_with_last": 9, "jump": False, "born": False},
]


def write_run(folder: Path, layers: dict[str, int]) -> Path:
    """A run's report with all channels of some layers; one sheet of sixteen and its first panel stand in for them."""
    views = {}
    for start, view in enumerate(VIEWS):
        (folder / view).mkdir(parents=True)
        (folder / view / "panel.png").write_bytes(png(panel(tiles(0), view, title="channel 0")))
        (folder / view / "sheet.webp").write_bytes(webp(sheet_picture([tiles(number) for number in range(16)], view)))
        exemplars = [row for name, count in layers.items() for c in range(count) for row in rows(name, c, start)]
        place = {"sheet": "sheet.webp", **{f"effective_{edge}": at for edge, at in zip(EDGES, EFFECTIVE, strict=True)}}
        views[view] = ViewReport(
            evaluation=Counts(600, 500, 590, 300.0).summary(),
            by_class=[ACCURACY | {"class_name": name} for name in NAMES],
            metrics=[{"epoch": 0.5, "loss": 2.0}, {"epoch": 1.0, "loss": 1.0}],
            panels={name: {c: f"../{view}/panel.png" for c in range(min(count, 28))} for name, count in layers.items()},
            exemplars=exemplars,
            features=[row | place | {"sheet_row": row["channel"] % 16} for row in exemplars],
            random_weights={"conv5_2": {3: f"../{view}/panel.png"}},
            strips={("conv5_2", 6): EvolutionStrip(path=f"../{view}/panel.png", epochs=STRIP)},
            lower=[
                row | {"quantile": quantile}
                for row in rows("conv5_2", 3, start)[:3]
                for quantile in (0.99, 0.9, 0.5)
                if "conv5_2" in layers
            ],
            folder=f"../{view}",
        )
    eye = LogPolarMap(size=(64, 64), sectors=64, rings=64)
    columns = per_row(ViewSettings(size=64))
    first = columns * (columns - 1)  # of the last row
    places = {f"photograph_{rank}": ("inputs.webp", first + rank) for rank in range(9)}
    data = ReportData(
        title=f"A run {HOSTILE}",
        classes=5,
        views=views,
        log_polar_map=eye,
        wraps=True,
        photographs=places,
        log_polar_images=places,
        per_row=columns,
        measured=measured_with_channels(layers),
    )
    images = [np.full((64, 64, 3), 20 * (number % 9), np.uint8) for number in range(first + 9)]
    for name, content in (write_report(data) | {"inputs.webp": webp(contact_sheet(images, columns))}).items():
        (folder / "report" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "report" / name).write_bytes(content)
    return folder / "report"
