"""The files of an evaluation: accuracies, per class and per image, and the comparison of two views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lp_core.dataset.folder import DatasetFolder
from lp_core.network.predictions import Predictions, comparison
from lp_core.run.files import CLASSES, COMPARISON, EVALUATION, PREDICTIONS
from lp_core.storage import Storage


def write_evaluation(
    folder: Storage, predictions: Predictions, dataset: DatasetFolder, faulty: Sequence[dict[str, Any]]
) -> None:
    """Write the three files of a view's evaluation on the validation split.

    Args:
        folder: the view's.
        predictions: of all images that could be decoded.
        dataset: names images and classes.
        faulty: what `describe` says of the rows that could not be decoded.
    """
    split = dataset.rows("validation")
    folder.write_json(EVALUATION, predictions.counts().summary() | {"quarantined": faulty})
    folder.write_table(CLASSES, predictions.by_class(dataset.class_names))
    folder.write_table(PREDICTIONS, predictions.table([split.image_id(row) for row in predictions.row_N]))


def write_comparison(run: Storage, a: str, b: str) -> dict[str, Any]:
    """Compare the predictions of two views on the same images; write comparison.json into the run folder.

    Args:
        run: the run folder.
        a: name and folder of the one view.
        b: of the other.

    Returns:
        What was written: `comparison`'s values, and the names.
    """
    predictions = [Predictions.from_table((run / view).read_table(PREDICTIONS)) for view in (a, b)]
    content = {"a": a, "b": b, **comparison(*predictions)}
    run.write_json(COMPARISON, content)
    return content
