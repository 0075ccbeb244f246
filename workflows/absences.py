"""Measures that a run does not have, each with its reason and, where there is one, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lp_core.findings.matched import TOLERANCE
from lp_core.findings.pictures import channels_tested
from lp_core.findings.values import ALL_LAYERS, SCRAMBLED, TRAINED, UNTRAINED, Absence
from lp_core.run import files
from lp_core.settings import VIEW_NAMES, ViewName
from tasks.measuring import has_hashes, known_wnids
from tasks.twins import NO_MAXIMA, has_maxima
from workflows.session import Session
from workflows.tolerance import tolerance_absences

if TYPE_CHECKING:
    from lp_core.findings.run_tables import RunTables

WITHOUT_UNTRAINED = (
    *(f"grouping.{name}.lambda" for name in ("G", "G_inside", "G_without_duplicates", "W", "W_unlike", "E", "M")),
    "firing.foveal_index.against_untrained",
    "firing.angle",
)
"""Measures that compare with the untrained network."""
DEPTH_BIRTH = "evolution.depth_birth_rho"
EQUAL_CELLS = "lesion.fovea_less_equal_cells"
PATCHES = ("E_half", "E_quarter")
MATCHED = "grouping.G.lambda.accuracy_matched"
PICTURE_LAYER, SURVIVES = "conv5_2", "pictures.guided.survives"


def possible_absences(session: Session) -> list[Absence]:
    """Measures that cannot be made of what there is, and why: known before anything is measured."""
    absences = [
        Absence(view, "", f"the run has no {view} view") for view in VIEW_NAMES if view not in session.recipe.views
    ]
    for view in session.recipe.views:
        scans = session.stages.measured_scans(view)
        if UNTRAINED not in scans:
            reason = _without_untrained(session, view)
            absences += [Absence(view, name, reason) for name in WITHOUT_UNTRAINED]
        if known_wnids(session.recipe.data.path) is None:
            absences.append(Absence(view, "grouping.W", "the classes have no wnids of ImageNet"))
        if view == "log_polar" and not session.recipe.measure.lesion:
            absences.append(Absence(view, "lesion", "--measure.no-lesion left it out"))
        for name, network in (("", TRAINED), (".against_scrambled", SCRAMBLED), (".against_untrained", UNTRAINED)):
            if network in scans and not scans[network].folder.exists(files.RINGS):
                reason = f"an earlier version scanned the {network} network; `logpolar scan` does it again"
                absences.append(Absence(view, f"firing.foveal_index{name}", reason))
        if not session.recipe.measure.embedding:
            reason = "it needs networks of another seed: measure a sweep; or give --measure.embedding"
            names = ("E", *(PATCHES if session.recipe.measure.patches else ()), "M")
            absences += [Absence(view, f"grouping.{name}", reason) for name in names]
        else:
            absences += [
                Absence(view, f"grouping.M{ending}", f"{network} network: {NO_MAXIMA}")
                for network, ending in ((TRAINED, ""), (UNTRAINED, ".lambda"))
                if network in scans and not has_maxima(scans[network].folder)
            ]
        if not has_maxima(scans[TRAINED].folder):
            absences.append(Absence(view, "twins", NO_MAXIMA))
        if not has_hashes(scans[TRAINED].folder):
            reason = f"hashes of the photographs come with maxima, and {NO_MAXIMA}"
            absences.append(Absence(view, "grouping.G_without_duplicates", reason))
        if one := _without_checkpoints(session, view):
            absences.append(Absence(view, MATCHED, one))
    return absences


def _without_untrained(session: Session, view: ViewName) -> str:
    """Why there is no untrained network to compare a view's with."""
    reason = "its training kept no first weights; a new run does"
    if session.stages.source(view).name == "weights":
        reason = "its weights were imported"
    elif first := session.stages.first_weights(view):
        reason = f"its training began with the weights of {first.fact('source')} (--init-weights)"
    return f"there is no untrained network: {reason}"


def _without_checkpoints(session: Session, view: ViewName) -> str | None:
    """Why no checkpoint of a view can be compared with an equally accurate one of the other; None if some can."""
    graph = session.stages
    if len(session.recipe.views) < len(VIEW_NAMES):
        return "it compares both views, and the run has one"
    if begun := [view for view in session.recipe.views if graph.first_weights(view)]:
        return _without_untrained(session, begun[0])
    if any(network.startswith("epoch") for network in graph.networks(view)):
        return None
    if graph.source(view).name == "weights":
        return "the view's weights were imported, so there is one checkpoint"
    if not any(graph.kept(view)):  # epoch 0 is no checkpoint of a training
        return (
            "the training kept the weights of its last epoch alone; a new run with --train.keep-weights-every-epochs 1 "
            "keeps more, which --scan.checkpoints all scans"
        )
    return "one checkpoint was scanned; --scan.checkpoints all scans more"


def absences_of(session: Session, made: RunTables) -> list[Absence]:
    """All measures that a run does not have, and why, once it is measured.

    Args:
        session: of the run.
        made: what was measured.
    """
    absences = possible_absences(session)
    if files.LESION in made.tables and ("log_polar", ALL_LAYERS, EQUAL_CELLS) not in made.values:
        absences.append(
            Absence("log_polar", EQUAL_CELLS, "the fovea has too many of the rings, and so have the inner 4 px")
        )
    if MATCHED not in {name for _, _, name in made.values} | {absence.measure for absence in absences}:
        reason = f"no checkpoints of the views are within {TOLERANCE:g} point of top-1, or none was validated"
        absences += [Absence(view, MATCHED, reason) for view in session.recipe.views]
    absences += tolerance_absences(session, made.values)
    if session.recipe.measure.sanity:
        absences += _picture_absences(session, made)
    absences += [
        Absence(view, DEPTH_BIRTH, "all layers have the same median birth, or fewer than three have one")
        for view in session.recipe.views
        if session.recipe.measure.evolution and (view, ALL_LAYERS, DEPTH_BIRTH) not in made.values
    ]
    return absences


def _picture_absences(session: Session, made: RunTables) -> list[Absence]:
    """Why the pictures of the layer that claims are about have no numbers."""
    tested, absences = channels_tested(made.tables[files.PICTURES]), []
    for view in session.recipe.views:
        if not tested.get((view, PICTURE_LAYER)):
            absences.append(Absence(view, "pictures", f"no picture of {PICTURE_LAYER} was tested"))
        elif (view, PICTURE_LAYER, SURVIVES) not in made.values:
            reason = "pictures of other units are nearly as alike as the same picture under noise of a grey level"
            absences.append(Absence(view, SURVIVES, reason))
    return absences
