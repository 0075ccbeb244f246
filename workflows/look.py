"""`logpolar look PHOTO ...`: how likely a network finds a class in a photograph, by the fixated point. No Ray."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lp_core.dataset.boxes import Box
from lp_core.errors import DataError, LogpolarError, check
from lp_core.indexing.identity.class_choice import chosen_label, described, label_of, label_of_path
from lp_core.measures.likelihood_map import Answer, LikelihoodMap, likelihood_map, plain, probabilities, shifts
from lp_core.measures.pointing import Pointing, pointing, pointing_accuracy
from lp_core.report.likelihood_picture import likelihood_picture
from lp_core.report.picture import png
from lp_core.report.tile import VIEW_TITLES
from lp_core.settings import ViewName
from lp_core.storage import Storage
from tasks.progress import Progress, say
from workflows.look_command import LookCommand
from workflows.look_files import LookFile, boxes_of, check_pictures, look_files, read_photograph, write_picture
from workflows.look_networks import BATCH, Onlookers, onlooker_of_weights, onlookers_of_run

Maps = dict[ViewName, LikelihoodMap]
Frames = dict[ViewName, tuple[float, float]]
"""Likelihood of the class in a plain photograph, at the best and at the middle fixation."""
SEED = 0
"""Of the bootstrap of pointing accuracy. Our choice."""


@dataclass
class _Tally:
    """What became of the photographs."""

    pointings: dict[ViewName, list[Pointing]] = field(default_factory=dict)
    without: Counter[str] = field(default_factory=Counter)
    """Photographs that point at no box, by reason."""
    faults: list[str] = field(default_factory=list)
    """Photographs and annotations that cannot be used."""


def look(command: LookCommand) -> None:
    """Draw and print the likelihood maps of all photographs; those that are no images are named, and others go on.

    Raises:
        LogpolarError: something that a person must change; at the end also if a photograph or annotation was unusable.
    """
    options, recipe = command.options, command.recipe
    shifts(options.grid)
    files, others = look_files(options.photographs, options.out)
    if options.boxes:
        check(Path(options.boxes).expanduser().is_dir(), f"--boxes {options.boxes} is not a folder")
    if options.run:
        onlookers = onlookers_of_run(recipe, Storage.at(options.run), options.crop_moves)
    else:
        assert options.weights is not None, "the command line has one of them"
        onlookers = onlooker_of_weights(recipe, options.weights, options.crop_moves)
    asked = None if options.named is None else chosen_label(onlookers.classes, options.named)
    check_pictures(files)
    tally = _Tally()
    with Progress("look", len(files) * len(onlookers.views) * options.grid**2, "fixations") as progress:
        for file in files:
            try:
                _look_at(file, onlookers, asked, command, tally, progress.advance)
            except LogpolarError as error:
                if len(files) == 1:
                    raise
                tally.faults.append(str(error))
                say(f"{error}; left out")
    if others:
        say(f"{others} other files in the folders are not named as pictures, and were ignored")
    if options.boxes:
        _report_pointing(tally, len(files))
    if tally.faults:
        raise DataError(f"{len(tally.faults)} of {len(files)} photographs were left out; the first: {tally.faults[0]}")


def _look_at(
    file: LookFile,
    onlookers: Onlookers,
    asked: int | None,
    command: LookCommand,
    tally: _Tally,
    advance: Callable[[int], None],
) -> None:
    options, classes = command.options, onlookers.classes
    image_HWC = read_photograph(file.photograph)
    annotation = boxes_of(file.photograph, options.boxes) if options.boxes else None
    boxes = annotation.on(*image_HWC.shape[:2]) if annotation else ()
    maps = _maps(image_HWC, onlookers, options.grid, advance)
    label, origin = _label(file.photograph, onlookers, asked, boxes, maps)
    name = described(classes[label])
    mine = [box for box in boxes if label_of(classes, box.name) == label]
    height, width = image_HWC.shape[:2]
    say(f"{file.photograph} ({width} x {height} px): {name}, {origin}")
    frames = _frames(image_HWC, maps, label, onlookers)
    for view, map in maps.items():
        _report_map(view, map, label, onlookers, frames[view])
    title = f"Likelihood of {name} by fixation: {file.photograph.name}"
    write_picture(file.picture, png(likelihood_picture(image_HWC, maps, label, title, frames=frames, boxes=mine)))
    say(f"  drawn: {file.picture}")
    if options.boxes and not mine:
        tally.without["no annotation" if annotation is None else "no box of its class"] += 1
    elif options.boxes:
        for view, map in maps.items():
            tally.pointings.setdefault(view, []).append(pointing(map, label, mine))


def _maps(image_HWC: np.ndarray, onlookers: Onlookers, grid: int, advance: Callable[[int], None]) -> Maps:
    """The map of every view; counts the fixations as they are answered."""

    def counted(answer: Answer) -> Answer:
        def answered(images_NSRC: np.ndarray) -> np.ndarray:
            logits_NC = answer(images_NSRC)
            advance(len(images_NSRC))
            return logits_NC

        return answered

    views = onlookers.views.items()
    return {view: likelihood_map(image_HWC, eye, counted(answer), grid, BATCH) for view, (eye, answer) in views}


def _frames(image_HWC: np.ndarray, maps: Maps, label: int, onlookers: Onlookers) -> Frames:
    """What the frame alone explains of every view's map."""
    frames: Frames = {}
    for view, map in maps.items():
        places = [map.shift(map.best(label)), map.shift(map.centre)]
        best, centre = probabilities(plain(image_HWC), *onlookers.views[view], places, BATCH)[:, label]
        frames[view] = float(best), float(centre)
    return frames


def _label(
    photograph: Path, onlookers: Onlookers, asked: int | None, boxes: tuple[Box, ...], maps: Maps
) -> tuple[int, str]:
    """The class whose likelihood is drawn, and what tells it."""
    if asked is not None:
        return asked, "as asked"
    by_path = label_of_path(onlookers.classes, photograph)
    if by_path is not None:
        return by_path, "by its folder or name"
    labels = {label_of(onlookers.classes, box.name) for box in boxes}
    if len(labels) == 1 and (by_box := labels.pop()) is not None:
        return by_box, "by its boxes"
    at_centre = np.mean([map.probability_GGC[map.centre] for map in maps.values()], 0)
    return int(at_centre.argmax()), "the most likely class at the centre"


def _report_map(
    view: ViewName, map: LikelihoodMap, label: int, onlookers: Onlookers, frame: tuple[float, float]
) -> None:
    best, centre = map.best(label), map.centre
    y, x = map.position(best)
    likelihood = {at: map.probability_GGC[at][label] for at in (best, centre)}
    where = "the centre" if best == centre else f"y {y:.0f}, x {x:.0f} px"
    likelihoods = f"centre {likelihood[centre]:.3g}, best {likelihood[best]:.3g} at {where}"
    say(f"  {VIEW_TITLES[view]}, {map.moves} moves: {likelihoods}")
    say(f"    a plain photograph of its mean colour: {frame[0]:.3g} at best, {frame[1]:.3g} at centre")
    for words, at in (("centre", centre), ("best", best)):
        top = (f"{onlookers.classes[index].name} {map.probability_GGC[at][index]:.3g}" for index in map.top(at))
        say(f"    top 5 at {words}: {', '.join(top)}")


def _report_pointing(tally: _Tally, photographs: int) -> None:
    counted = len(next(iter(tally.pointings.values()), ()))
    left_out = [f"{number} with {reason}" for reason, number in sorted(tally.without.items())]
    left_out += [f"{len(tally.faults)} unusable"] if tally.faults else []
    say(f"boxes: {counted} of {photographs} photographs{''.join(f', {words}' for words in left_out)}")
    for view, pointings in tally.pointings.items():
        found = pointing_accuracy(pointings, np.random.default_rng(SEED))
        say(f"  {VIEW_TITLES[view]}, share of photographs with the fixation inside a box of the class (95 % interval):")
        rows = {
            "most likely fixation": found.best,
            "centre": found.centre,
            "random fixation of the grid": found.any_fixation,
            "most likely of other classes": found.other_class,
            "most likely less centre": found.gain,
            "most likely less others": found.gain_of_class,
        }
        for words, interval in rows.items():
            say(f"    {words:<28} {interval.estimate:6.3f} ({interval.low:.3f} to {interval.high:.3f})")
        say(f"    {'p of most likely = centre':<28} {found.p:6.3g} (exact, two-sided)")
