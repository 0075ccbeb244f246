"""Network inputs that the report shows: sample photographs in both views, and the inputs of exemplars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lp_core.dataset.feed import Feed
from lp_core.report.contact_sheet import contact_sheet, per_row
from lp_core.report.contents import Sample, ViewReport
from lp_core.report.exemplar_tile import mapped_back
from lp_core.report.picture import webp
from lp_core.settings import Recipe, ViewName

SAMPLES = 6
"""Photographs under "What the networks see"."""
EXEMPLAR_INPUTS = 5000
"""Most images whose network inputs are kept with the report: those of a gallery of all channels would copy the data
set. Our choice."""


@dataclass
class ContactSheets:
    """Network inputs as files of the report, many on a sheet.

    Attributes:
        files: name relative to RUN/report -> contents.
        positions: image_id -> file, and the image's number on that sheet.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    positions: dict[str, tuple[str, int]] = field(default_factory=dict)


def samples(recipe: Recipe, feeds: Mapping[ViewName, Feed], class_names: Sequence[str]) -> list[Sample]:
    """The first validation photographs of different classes, after a seeded shuffle, in both views.

    Args:
        recipe: settings of the run.
        feeds: what reads the photographs, by view; both views.
        class_names: by label.
    """
    rows = np.random.default_rng(recipe.seed).permutation(feeds["cartesian"].used_rows("validation"))[: 8 * SAMPLES]
    batches = {view: next(feed.evaluation_batches("validation", rows, len(rows))) for view, feed in feeds.items()}
    labels = batches["cartesian"].labels_N
    first_of_class = sorted(np.unique(labels, return_index=True)[1])[:SAMPLES]
    return [
        Sample(
            class_name=class_names[labels[index]],
            cartesian=batches["cartesian"].images_NSRC[index],
            log_polar=batches["log_polar"].images_NSRC[index],
            mapped_back=mapped_back(batches["log_polar"].images_NSRC[index], recipe),
        )
        for index in first_of_class
    ]


def exemplar_inputs(feed: Feed, reports: Iterable[ViewReport]) -> ContactSheets:
    """The inputs of all views' exemplars in one view, for the gallery's close look at an exemplar.

    Where there are more than `EXEMPLAR_INPUTS`, channels with panels come first, then the highest activations.

    Args:
        feed: reads the inputs, in its view.
        reports: what the page shows of each view.
    """
    candidates = [
        (row["channel"] not in report.panels.get(row["layer"], {}), row["rank"], row["row"], row["image_id"])
        for report in reports
        for row in (*report.exemplars, *report.lower)
        if row["row"] is not None
    ]
    image_ids = {row: image_id for *_, row, image_id in sorted(candidates)}
    rows = np.sort(np.array(list(image_ids)[:EXEMPLAR_INPUTS], np.int64))
    sheets = ContactSheets()
    columns = per_row(feed.geometry)
    batches = feed.evaluation_batches("validation", rows, columns**2)
    for number, batch in enumerate(batches):
        if len(batch.rows_N) == 0:
            continue  # rows that cannot be decoded any more
        file = f"inputs/{feed.view}/{number:03d}.webp"
        sheets.files[file] = webp(contact_sheet(list(batch.images_NSRC), columns), quality=85)
        for index, row in enumerate(batch.rows_N.tolist()):
            sheets.positions[image_ids[row]] = (file, index)
    return sheets
