"""`scan_folder`: the usual scan lies with its network, every other one in a folder of its own."""

from lp_core.run.scan_folder import scan_folder
from lp_core.storage import Storage


def test_no_two_scans_of_a_network_share_a_folder() -> None:
    view = Storage("/run/log_polar")
    folders = {
        (split, control): scan_folder(view, split, control).uri
        for split in ("validation", "train")
        for control in ("none", "phase-scrambled")
    }
    assert folders["validation", "none"] == view.uri
    assert folders["train", "phase-scrambled"] == "/run/log_polar/splits/train/controls/phase-scrambled"
    assert len(set(folders.values())) == 4
