"""`visualize` draws the chosen channels once, resumes after a kill, and draws figures from the exemplars."""

import hashlib
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from lp_core.errors import LogpolarError
from lp_core.fingerprint import checksum
from lp_core.network.initialization import initialize
from lp_core.network.layers import conv_channels
from lp_core.network.vgg16 import VGG16
from lp_core.report.feature_strip import feature_strip
from lp_core.report.picture import webp
from lp_core.run.history import epoch_name, epoch_weights
from lp_core.run.weights import FILE, weights_bytes
from lp_core.settings import VisualizeSettings
from lp_core.storage import Storage
from tasks.pieces import InProcess
from tasks.visualizing import exemplar_tiles
from workflows import figures, scan, visualize
from workflows.session import Session
from workflows.stages import StageGraph
from workflows.visualize import atlas_sheets


def counts_of(recipe):
    return conv_channels(recipe.network.width)


@pytest.mark.parametrize(
    ("channels", "says"),
    [("randon:3", "did you mean random:10?"), ("al", "did you mean all?"), ("3,x", "give all, random:10 or numbers")],
)
def test_a_misspelt_choice_meets_the_nearest(channels, says):
    with pytest.raises(LogpolarError) as error:
        VisualizeSettings(channels=channels)
    assert says in str(error.value)


def test_every_channel_stands_in_one_sheet(small_recipe):
    recipe = replace(small_recipe, visualize=VisualizeSettings(gallery="all", channels="3,17", few=0))
    sheets = atlas_sheets(recipe, "x")
    drawn = [(sheet.layer, channel) for sheet in sheets for channel in sheet.channels]
    assert drawn == [(layer, channel) for layer, count in counts_of(recipe).items() for channel in range(count)]
    assert [sheet.panel(c) for sheet in sheets for c in sheet.panels] == [
        "panels/conv5_2/3.png",
        "panels/conv5_2/17.png",
    ]
    other = atlas_sheets(replace(recipe, visualize=replace(recipe.visualize, rule="gradient")), "x")
    assert not {sheet.image for sheet in sheets} & {sheet.image for sheet in other}


LAYERS = ("conv1_1", "conv3_3", "conv5_2")


class Killed(Exception):
    pass


@pytest.fixture
def session(small_recipe, tmp_path):
    """A scanned run of a network with random weights; pieces of work run here, one after the other."""
    recipe = replace(
        small_recipe,
        views=("log_polar",),
        network=replace(small_recipe.network, angle_padding="circular"),
        visualize=VisualizeSettings(layers=LAYERS, channels="0,1", few=0),
    )
    session = Session(recipe, Storage.at(tmp_path / "run"), given_executor=InProcess())
    folder = session.run / "log_polar"
    network = initialize(VGG16(12, recipe.network, "log_polar"), "variance-preserving", 0)
    folder.write_bytes(FILE, weights_bytes(network))
    StageGraph(recipe, session.run).train("log_polar").finish(1.0, weights=checksum(folder.read_bytes(FILE)))
    scan.scan(session)
    return session


def contents(session):
    folder = session.run / "log_polar"
    return {
        name: hashlib.sha256(folder.read_bytes(name)).hexdigest()
        for name in [*folder.files("panels"), *folder.files("atlas"), "features.parquet"]
    }


def test_killed_midway_only_what_is_missing_is_drawn(session, monkeypatch):
    folder, drawn = session.run / "log_polar", []
    draw = visualize.draw_sheet

    def noted(trained, piece):
        if len(drawn) == 1:
            raise Killed
        drawn.append(piece)
        return draw(trained, piece)

    monkeypatch.setattr(visualize, "draw_sheet", noted)
    with pytest.raises(Killed):
        visualize.visualize(session)
    assert not session.stages.visualize("log_polar").is_finished()
    first, drawn[:] = list(drawn), []
    monkeypatch.setattr(visualize, "draw_sheet", lambda trained, piece: drawn.append(piece) or draw(trained, piece))
    visualize.visualize(session)
    pieces = atlas_sheets(session.recipe, session.stages.visualize("log_polar").inputs["exemplars"])
    assert first + drawn == pieces
    table = pq.read_table(folder.path("features.parquet"))
    exemplars = pq.read_table(folder.path("exemplars.parquet"))
    wanted = [f"{layer}/{channel}" for layer in LAYERS for channel in (0, 1)]
    names = [f"{row['layer']}/{row['channel']}" for row in exemplars.select(["layer", "channel"]).to_pylist()]
    shown = exemplars.filter(pc.and_(pa.array(np.isin(names, wanted)), pc.is_valid(exemplars["row"])))
    places = table.filter(pc.is_valid(table["rank"])).select(["layer", "channel", "rank"])
    assert places.to_pylist() == shown.select(["layer", "channel", "rank"]).to_pylist()
    assert set(table["sheet"].to_pylist()) == set(folder.files("atlas")), "no file is left over"
    once = contents(session)
    for part in ("panels", "atlas", "features.parquet", "stages/visualize.json"):
        path = folder.path(part)
        shutil.rmtree(path) if "." not in part else folder.remove(part)
    visualize.visualize(session)
    assert contents(session) == once

    # A table of an earlier version has fewer columns: the same command draws it again.
    manifest = folder.read_json("stages/visualize.json")
    folder.write_json("stages/visualize.json", {key: manifest[key] for key in manifest if key != "columns"})
    folder.write_table("features.parquet", table.drop_columns(["patch_contrast"]))
    visualize.visualize(session)
    assert contents(session) == once

    session.recipe = replace(session.recipe, visualize=VisualizeSettings(channels="1", few=0, format="webp"))
    visualize.visualize(session)
    assert folder.files("panels") == ["panels/conv5_2/1.webp"]
    assert len(folder.files("atlas")) == 1


def test_the_same_units_are_drawn_with_the_first_weights(session):
    """Once the first weights are the finished ones, so the features must be equal; once they are others."""
    folder, training = session.run / "log_polar", session.stages.train("log_polar").fingerprint
    session.recipe = replace(session.recipe, visualize=replace(session.recipe.visualize, random_weights=True))
    with pytest.raises(LogpolarError, match="holds no random first weights of view log_polar"):
        visualize.visualize(session)
    other = initialize(VGG16(12, session.recipe.network, "log_polar"), "variance-preserving", 1)
    for data, is_equal in ((folder.read_bytes(FILE), True), (weights_bytes(other), False)):
        folder.write_bytes(epoch_weights(0), data)
        vouch = {"epoch": 0, "weights": checksum(data), "training": training}
        folder.write_json(f"{epoch_name(0)}.json", vouch)
        visualize.visualize(session)
        strips = folder.files("random_weights")
        assert strips == [f"random_weights/{layer}/{channel}.webp" for layer in LAYERS for channel in (0, 1)]
        exemplars = session.stages.visualize("log_polar").inputs["exemplars"]
        tiles, _ = exemplar_tiles(session.trained("log_polar"), exemplars, "conv3_3", (0, 1), "guided")
        strip = webp(feature_strip(tiles[1], "log_polar"))
        assert (strip == folder.read_bytes("random_weights/conv3_3/1.webp")) == is_equal
    session.recipe = replace(session.recipe, visualize=replace(session.recipe.visualize, random_weights=False))
    visualize.visualize(session)
    assert folder.files("random_weights") == []


def test_an_activation_that_is_not_found_again_is_told_and_not_drawn(session):
    folder = session.run / "log_polar"
    path = folder.path("exemplars.parquet")
    table = pq.read_table(path)
    activation = table["activation"].to_numpy().copy()
    at = int(np.flatnonzero((np.array(table["layer"]) == "conv2_1") & (activation > 0))[0])
    activation[at] *= np.float32(1.001)
    place = table.schema.get_field_index("activation")
    pq.write_table(table.set_column(place, table.schema.field(place), pa.array(activation)), path)
    session.recipe = replace(session.recipe, visualize=VisualizeSettings(layers=("conv2_1",), channels="all", few=0))
    with pytest.raises(
        LogpolarError, match=r"1 activations were not found again, such as log_polar/conv2_1/\d+ rank 0"
    ):
        visualize.visualize(session)
    assert folder.files("atlas") == [], "the piece is not finished"
    assert not session.stages.visualize("log_polar").is_finished()


def test_a_figure_is_drawn_from_the_exemplars(session):
    session.recipe = replace(session.recipe, visualize=VisualizeSettings(layers=("conv3_3",), channels="0,1,2,3,4,5"))
    figures.draw_figure(session, "figure-3")
    assert session.run.files("report/figures") == ["report/figures/figure-3.pdf", "report/figures/figure-3.png"]
    with pytest.raises(LogpolarError, match="figure-1 shows the view cartesian"):
        figures.draw_figure(session, "figure-1")
    session.recipe = replace(session.recipe, visualize=VisualizeSettings(layers=("conv3_3",), channels="0,1"))
    with pytest.raises(LogpolarError, match="there are fewer"):
        figures.draw_figure(session, "figure-3")
    with pytest.raises(LogpolarError, match="did you mean figure-3"):
        figures.checked_name("figure3")
