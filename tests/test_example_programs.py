"""The programs in `examples/` run as they are, stay short, and each draws its picture."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from lp_core.toy.data_set import draw, encode

EXAMPLES = Path(__file__).parents[1] / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))


def program(name: str) -> ModuleType:
    """An example as a module; skips where a library that it shows is not installed."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    if name == "query_exemplars":
        pytest.importorskip("duckdb", reason="DuckDB is not installed (pip install logpolar[interop])")
    spec.loader.exec_module(module)
    return module


def picture(path: Path) -> np.ndarray:
    """The picture that an example drew, checked to be more than an empty page."""
    image_HWC = cv2.imread(str(path))
    assert image_HWC.shape[0] > 200
    assert image_HWC.shape[1] > 400
    assert len(np.unique(image_HWC.reshape(-1, 3), axis=0)) > 20
    return image_HWC


@pytest.mark.parametrize("name", [path.stem for path in PROGRAMS])
def test_an_example_runs_anywhere_and_draws(name, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    program(name).main([])
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.png"]
    picture(tmp_path / f"{name}.png")


def test_warping_takes_a_photograph_and_a_fixation(tmp_path, capsys) -> None:
    (tmp_path / "photo.jpg").write_bytes(encode(draw(0, "validation", 1, side=200)[0]))
    arguments = ["--photo", f"{tmp_path / 'photo.jpg'}", "--out", f"{tmp_path / 'out.png'}"]
    program("warp_and_back").main(arguments)
    central = capsys.readouterr().out
    program("warp_and_back").main([*arguments, "--fixation", "40", "60"])
    assert capsys.readouterr().out != central
    picture(tmp_path / "out.png")


def test_the_turned_copy_has_every_photograph_once_turned_by_quarter_turns_of_its_own(tmp_path) -> None:
    images = [draw(0, "validation", row)[0] for row in range(16)]
    for row, image in enumerate(images):
        path = tmp_path / "photos" / f"class {row % 2}" / f"{row:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image[..., ::-1])
    copies = [tmp_path / name for name in ("one", "again")]
    arguments = ["--photos", str(tmp_path / "photos"), "--out", str(tmp_path / "out.png"), "--to"]
    for copy in copies:
        program("turned_photographs").main([*arguments, str(copy)])
    turns = set()
    for row, image in enumerate(images):
        name = Path(f"class {row % 2}", f"{row:02}.jpg")
        turned = cv2.imread(str(copies[0] / name))[..., ::-1].astype(int)
        errors = [np.abs(turned - np.rot90(image, quarter)).mean() for quarter in range(4)]
        assert sorted(errors)[0] < 6 < sorted(errors)[1]
        turns.add(int(np.argmin(errors)))
        assert (copies[0] / name).read_bytes() == (copies[1] / name).read_bytes()
    assert turns == {0, 1, 2, 3}
    with pytest.raises(SystemExit):
        program("turned_photographs").main([*arguments, str(copies[0])])


def test_the_new_measure_is_that_of_scipy() -> None:
    from scipy.stats import circvar

    sector_CK = np.random.default_rng(0).integers(0, 14, (50, 9))
    expected_C = 1 - circvar(sector_CK, high=14, low=0, axis=1)
    np.testing.assert_allclose(program("new_measure").angle_concentration(sector_CK, 14), expected_C, atol=1e-12)


def test_the_query_counts_what_numpy_counts() -> None:
    module = program("query_exemplars")
    table = module.untrained_exemplars()
    module.duckdb.register("exemplars", table)
    for layer, mean, channels in module.duckdb.sql(module.QUERY).fetchall():
        of_layer = table.filter(np.asarray(table["layer"]) == layer)
        label_CK = of_layer["label"].to_numpy().reshape(-1, 9)
        whole = ~np.isnan(label_CK.astype(float)).any(1)
        assert channels == whole.sum()
        assert mean == pytest.approx(np.mean([len(set(labels)) for labels in label_CK[whole]]))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_an_example_is_short_and_listed(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 60
    assert f"| `{path.name}` |" in (EXAMPLES / "README.md").read_text()
    options = re.findall(r'add_argument\("(--\w+)"', path.read_text())
    assert "--out" in options
