"""Arrays computed in pieces are those computed at once, whatever the pieces, and after any kill."""

import numpy as np
import pytest

from lp_core.errors import DataError
from lp_core.storage import Storage
from tasks.kept_pieces import PieceFiles, arrays_of_rows
from tasks.pieces import InProcess

ROWS = np.array([0, 2, 3, 7, 8, 20, 21, 22, 40])


class Killed(Exception):
    pass


def squares(rows: np.ndarray) -> dict[str, np.ndarray]:
    good = rows[rows != 7]
    return {"row_N": good, "square_NK": np.stack([good, good**2], 1)}


def kept(files: PieceFiles, compute=squares, piece_rows: int = 4) -> dict[str, np.ndarray]:
    return arrays_of_rows(InProcess(), compute, ROWS, files, piece_rows, 0.0, "squares")


@pytest.mark.parametrize("piece_rows", [1, 4, 100])
def test_any_division_gives_the_same(piece_rows, tmp_path):
    files = PieceFiles(str(tmp_path / "pieces"), "a")
    arrays = kept(files, piece_rows=piece_rows)
    assert arrays["square_NK"].tolist() == squares(ROWS)["square_NK"].tolist()
    files.remove()
    assert not Storage(files.folder).exists()
    files.remove()


def test_a_rerun_computes_only_what_is_missing(tmp_path):
    files, computed = PieceFiles(str(tmp_path), "a"), []

    def noted(rows: np.ndarray) -> dict[str, np.ndarray]:
        if len(computed) == 2:
            raise Killed
        computed.append(rows.tolist())
        return squares(rows)

    with pytest.raises(Killed):
        kept(files, noted)
    damaged = files.file(ROWS[:4])
    Storage(files.folder).write_bytes(damaged, Storage(files.folder).read_bytes(damaged)[:-30])
    kept_first, computed[:] = list(computed), [[]]
    with pytest.raises(Killed):
        kept(files, noted)
    assert kept_first == [[0, 2, 3, 7], [8, 20, 21, 22]]
    assert computed == [[], [0, 2, 3, 7]]
    computed[:] = []
    arrays = kept(files, noted)
    assert computed == [[40]]
    assert arrays["square_NK"].tolist() == squares(ROWS)["square_NK"].tolist()


def test_other_names_and_other_divisions_share_nothing(tmp_path):
    files = PieceFiles(str(tmp_path), "a")
    kept(files)
    assert files.read(ROWS[:4]) is not None
    assert files.read(ROWS[:3]) is None
    assert PieceFiles(str(tmp_path), "b").read(ROWS[:4]) is None


def test_nothing_is_refused(tmp_path):
    with pytest.raises(DataError, match="squares: there are no images"):
        arrays_of_rows(InProcess(), squares, ROWS[:0], PieceFiles(str(tmp_path), "a"), 4, 0.0, "squares")
