"""`visualize --evolution` draws the strips of channels with panels, resumes after a kill, and leaves the rest alone."""

from dataclasses import replace

import pytest

from lp_core.errors import LogpolarError
from lp_core.run.files import STRIP_TABLE, STRIPS
from lp_core.settings import VisualizeSettings
from lp_core.storage import Storage
from tasks.pieces import InProcess
from tests.workflows.kept_epochs import give_weights
from workflows import scan, strips
from workflows.session import Session
from workflows.strips import draw_evolution
from workflows.visualize import visualize

LAYERS = ("conv1_1", "conv4_2")


class Killed(Exception):
    pass


@pytest.fixture
def session(small_recipe, tmp_path):
    """A scanned run of one view whose epochs are kept but not scanned."""
    recipe = replace(
        small_recipe,
        views=("log_polar",),
        data=replace(small_recipe.data, limit=40),
        visualize=VisualizeSettings(layers=LAYERS, channels="0,1", few=0, evolution=True),
    )
    session = Session(recipe, Storage.at(tmp_path / "run"), given_executor=InProcess())
    give_weights(recipe, session.run, (0, 1))
    scan.scan(session)
    return session


def contents(session) -> dict[str, bytes]:
    folder = session.run / "log_polar"
    return {name: folder.read_bytes(name) for name in [*folder.files(STRIPS), STRIP_TABLE]}


def test_every_channel_with_a_panel_has_a_strip_and_panels_do_not_depend_on_it(session, capsys):
    session.recipe = replace(session.recipe, visualize=replace(session.recipe.visualize, evolution=False))
    visualize(session)
    folder = session.run / "log_polar"
    assert folder.files(STRIPS) == []
    session.recipe = replace(session.recipe, visualize=replace(session.recipe.visualize, evolution=True))
    visualize(session)
    assert "visualize log_polar: finished before" in capsys.readouterr().out
    assert folder.files(STRIPS) == [f"{STRIPS}/{layer}/{channel}.webp" for layer in LAYERS for channel in (0, 1)]
    rows = folder.read_table(STRIP_TABLE).to_pylist()
    assert sorted({row["epoch"] for row in rows}) == [0, 1, 2]
    assert len(rows) == 3 * 4
    scanned = folder.read_table("history/epoch_001/exemplars.parquet").to_pylist()
    best = {(row["layer"], row["channel"]): row["activation"] for row in scanned if row["rank"] == 0}
    for row in rows:
        if row["epoch"] == 1:
            assert row["activation"] == pytest.approx(best[row["layer"], row["channel"]] or None)
    visualize(session)
    assert "strips log_polar: finished before" in capsys.readouterr().out


def test_killed_midway_only_what_is_missing_is_drawn(session, monkeypatch):
    draw_evolution(session)
    expected = contents(session)
    for name in [*expected, "stages/strips.json"]:
        (session.run / "log_polar").remove(name)
    drawn, draw = [], strips.draw_strips

    def once(epochs, piece):
        if drawn:
            raise Killed
        drawn.append(piece)
        return draw(epochs, piece)

    monkeypatch.setattr(strips, "draw_strips", once)
    with pytest.raises(Killed):
        draw_evolution(session)
    monkeypatch.setattr(strips, "draw_strips", lambda epochs, piece: drawn.append(piece) or draw(epochs, piece))
    draw_evolution(session)
    assert [piece.layer for piece in drawn] == list(LAYERS)
    assert contents(session) == expected


def test_other_channels_replace_the_strips(session):
    draw_evolution(session)
    session.recipe = replace(session.recipe, visualize=replace(session.recipe.visualize, channels="1"))
    draw_evolution(session)
    assert (session.run / "log_polar").files(STRIPS) == [f"{STRIPS}/{layer}/1.webp" for layer in LAYERS]


def test_an_activation_that_is_not_found_again_is_told(session, monkeypatch):
    monkeypatch.setattr("tasks.visualizing.TOLERANCE", -1.0)
    with pytest.raises(LogpolarError, match="not found again, such as log_polar epoch 0/conv1_1/0 rank 0"):
        draw_evolution(session)
    assert not (session.run / "log_polar").exists(STRIP_TABLE)
    assert not session.stages.strips("log_polar").is_finished()
