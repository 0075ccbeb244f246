"""Where the files of a scan lie, relative to the network that was scanned."""

from __future__ import annotations

from lp_core.settings import Control
from lp_core.storage import Storage


def scan_folder(folder: Storage, split: str, control: Control) -> Storage:
    """Return the folder of a scan: the view's own for the validation split without a control.

    Args:
        folder: of the view, or of an epoch's weights.
        split: that was scanned.
        control: that was scanned instead of the photographs or channels themselves.
    """
    folder = folder if split == "validation" else folder / "splits" / split
    return folder if control == "none" else folder / "controls" / control
