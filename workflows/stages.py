"""The stages of a run: what each reads and writes, which settings it depends on, what makes a finished one stale.

A stage is stale when its inputs differ from those in its manifest: a setting of its own, or the fingerprint or checksum
of a stage before it. `docs/ARCHITECTURE.md` has the table that `workflows/stage_table.py` makes of this file.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from lp_core.dataset.feed import open_dataset
from lp_core.errors import SettingError, check
from lp_core.findings.values import FIXATIONS, ROTATED, SCRAMBLED, TRAINED, UNTRAINED
from lp_core.measures.rules import RULES_OF_SET, SETS, committed_rules, read_rules
from lp_core.run import files
from lp_core.run.history import epoch_name, kept_weights
from lp_core.run.inputs import (
    equivariance_inputs,
    findings_inputs,
    geometry_inputs,
    measure_inputs,
    sanity_inputs,
    scan_inputs,
    settings_among,
    tolerance_inputs,
    train_inputs,
    visualize_inputs,
)
from lp_core.run.scan_folder import scan_folder
from lp_core.run.stage import Stage
from lp_core.setting_names import setting_roles, setting_values, shown_value
from lp_core.settings import VIEW_NAMES, Control, Recipe, ViewName
from lp_core.storage import Storage
from tasks.equivariance import VERSION as TURNS_VERSION
from tasks.networks import Trained
from tasks.retention import VERSION as RETENTION_VERSION
from tasks.tolerance import VERSION as TOLERANCE_VERSION
from workflows.config import stored_recipe
from workflows.epochs import asked_epochs, evolution_epochs
from workflows.repeat import options
from workflows.stage_parts import WRITES, chosen_parts

VALIDATION = "validation"
_VERBS = {
    **{"compare": "evaluate", "changes": "scan", "strips": "visualize"},
    **dict.fromkeys(("tolerance", "retention", "equivariance", "sanity", "evolution"), "measure"),
}
"""Commands that are not named like the stage they make."""


@dataclass(frozen=True)
class StageGraph:
    """Every stage of a run with the given settings. Stages are values: making one reads manifests and starts nothing.

    Args:
        recipe: settings.
        run: the run folder.
    """

    recipe: Recipe
    run: Storage

    def train(self, view: ViewName) -> Stage:
        """The training of a view."""
        inputs = train_inputs(self.recipe, view, self._dataset)
        if first := self.first_weights(view):
            inputs["first_weights"] = first.inputs["weights"]
        others = (*self._placement("data", "train"), "data.eval-crop")  # of its validation during training
        before = [first] if first else []
        return self._stage(self.run / view, "train", inputs, f"view {view}", *before, others=others)

    def first_weights(self, view: ViewName) -> Stage | None:
        """What a view's training begins with by `--init-weights`; None where its first weights are random."""
        return self._brought(view, "first_weights")

    def weights(self, view: ViewName) -> Stage | None:
        """The import of a view's weights by `--weights`; None for a view that is trained."""
        return self._brought(view, "weights")

    def _brought(self, view: ViewName, name: str) -> Stage | None:
        """A stage that copied a file into the run, if there is one: its inputs are those that it was made with."""
        stage = Stage(self.run / view, name, {}, f"view {view}")
        manifest = stage.manifest()
        return None if manifest is None else Stage(stage.folder, stage.name, manifest["inputs"], stage.about)

    def source(self, view: ViewName) -> Stage:
        """The stage that a view's weights come from: its import, or its training."""
        return self.weights(view) or self.train(view)

    def trained(self, view: ViewName, epoch: int | None = None) -> Trained:
        """The trained network of a view, named for tasks; of its finished weights, or of those that an epoch left.

        Raises:
            LogpolarError: the view is not trained, or was trained with other settings.
        """
        source = self.source(view)
        self.require(source)
        weights = source.fact("weights") if epoch is None else self.kept(view)[epoch]
        gpus = self.recipe.scan.gpus_per_task
        return Trained(self.recipe, self.run.uri, view, weights, gpus if gpus == "auto" else gpus > 0, epoch=epoch)

    def kept(self, view: ViewName) -> dict[int, str]:
        """SHA-256 of the weights that the training kept of its epochs, ascending."""
        return kept_weights(self.run / view, self.train(view).fingerprint)

    def untrained(self, view: ViewName) -> str | None:
        """SHA-256 of the random weights that a view's training began with; None if it did not, or kept none."""
        is_random = self.source(view).name == "train" and not self.first_weights(view)
        return self.kept(view).get(0) if is_random else None

    def evaluate(self, view: ViewName) -> Stage:
        """The evaluation of a view on the validation split."""
        source = self.source(view)
        inputs = measure_inputs(self.recipe, view, self._dataset, source.fact("weights")) | {
            "files": list(WRITES["evaluate"])
        }
        others = (*self._placement("data", "scan"), "scan.batch-size")  # the last bits depend on the batch
        return self._stage(self.run / view, "evaluate", inputs, f"view {view}", source, others=others)

    def compare(self) -> Stage:
        """The comparison of the two views' predictions."""
        stages = [self.evaluate(view) for view in VIEW_NAMES]
        inputs: dict[str, Any] = {view: stage.fingerprint for view, stage in zip(VIEW_NAMES, stages, strict=True)}
        return self._stage(self.run, "compare", inputs, "the views", *stages)

    def scan(
        self, view: ViewName, epoch: int | None = None, split: str = VALIDATION, control: Control = "none"
    ) -> Stage:
        """The scan of a split, or of a control, with a view's finished weights, or with those that an epoch left."""
        source = self.source(view)
        weights = source.fact("weights") if epoch is None else self.kept(view)[epoch]
        inputs = measure_inputs(self.recipe, view, self._dataset, weights) | scan_inputs(self.recipe, split, control)
        folder = self.run / view if epoch is None else self.run / view / epoch_name(epoch)
        about = f"view {view}" + ("" if epoch is None else f" epoch {epoch}")
        about += f", split {split}" * (split != VALIDATION) + f", control {control}" * (control != "none")
        others = self._placement("data", "scan")
        return self._stage(scan_folder(folder, split, control), "scan", inputs, about, source, others=others)

    def scans(self, view: ViewName) -> dict[int | None, Stage]:
        """The scans that the settings ask for, by epoch, ascending; that of the finished weights (None) is the last.

        Raises:
            LogpolarError: the training did not keep the weights of an epoch, or had other settings.
        """
        scan = self.recipe.scan
        return {epoch: self.scan(view, epoch, scan.split, scan.control) for epoch in (*self._epochs(view), None)}

    def _epochs(self, view: ViewName) -> list[int]:
        if self.recipe.scan.checkpoints == "none":
            return []
        self.require(self.source(view))  # another training would have kept other weights
        return asked_epochs(self.recipe, self.run, view, self.kept(view))

    def changes(self, view: ViewName) -> Stage:
        """How the nine of a view's channels change from epoch to epoch."""
        scans = self.scans(view)
        last = self.recipe.train.epochs
        exemplars = {str(last if epoch is None else epoch): scan.fact("exemplars") for epoch, scan in scans.items()}
        inputs = {"exemplars": exemplars}
        folder = scan_folder(self.run / view / files.HISTORY, self.recipe.scan.split, self.recipe.scan.control)
        return self._stage(folder, "changes", inputs, f"view {view}", *scans.values())

    def epoch_scans(self, view: ViewName) -> dict[int, Stage]:
        """The scans of the validation split that evolution reads, by epoch, ascending.

        Those of `evolution_epochs`, and of the finished weights.

        Raises:
            LogpolarError: there are too few epochs, or the training kept no weights of one asked for, or of any.
        """
        source = self.source(view)
        check(
            source.name == "train",
            f"{self.run}: the weights of view {view} were imported, so nothing is known of earlier epochs; leave out "
            "evolution",
        )
        epochs = evolution_epochs(self.recipe, self.run, view, self.kept(view))
        return {epoch: self.scan(view, epoch) for epoch in epochs} | {self.recipe.train.epochs: self.scan(view)}

    def evolution(self, view: ViewName) -> Stage:
        """When a view's channels came to like the images that they like in the end."""
        scans, other_crop = self.epoch_scans(view), self.scan(view, control="other-crop")
        inputs = {
            "scans": {str(epoch): scan.fingerprint for epoch, scan in scans.items()},
            "other_crop": other_crop.fingerprint,
            "training": self.train(view).fingerprint,
            "seed": self.recipe.seed,
        }
        before = (*scans.values(), other_crop)
        return self._stage(self.run / view / files.HISTORY, "evolution", inputs, f"view {view}", *before)

    def strips(self, view: ViewName) -> Stage:
        """The best exemplar of a view's channels with panels, at each epoch."""
        scans, drawn = self.epoch_scans(view), self.recipe.visualize
        inputs = {
            "scans": {str(epoch): scan.fingerprint for epoch, scan in scans.items()},
            "seed": self.recipe.seed,
            "visualize": {name: getattr(drawn, name) for name in ("layers", "channels", "few", "rule")},
        }
        return self._stage(self.run / view, "strips", inputs, f"view {view}", *scans.values())

    def drawn_strips(self) -> dict[ViewName, Stage]:
        """The strips that a report shows: those that were drawn, if the settings ask for them."""
        if not self.recipe.visualize.evolution:
            return {}
        views = [view for view in self.recipe.views if Stage(self.run / view, "strips", {}).manifest()]
        return {view: self.strips(view) for view in views}

    def visualize(self, view: ViewName) -> Stage:
        """The features of a view's exemplars of the validation split."""
        scan = self.scan(view)
        inputs = visualize_inputs(self.recipe, scan.fact("exemplars"), scan.fingerprint)
        if self.recipe.visualize.random_weights:
            inputs["untrained"] = self.untrained(view)
        others = self._placement("scan")
        return self._stage(self.run / view, "visualize", inputs, f"view {view}", scan, others=others)

    def tolerance(self, view: ViewName) -> Stage:
        """What a view's network answers while photographs are turned, scaled, shifted and masked."""
        return self._looked_at(view, "tolerance", tolerance_inputs(self.recipe) | {"version": TOLERANCE_VERSION})

    def retention(self, view: ViewName) -> Stage:
        """What a view's channels keep of their activation in the images that excite them most, turned and scaled."""
        scan = self.scan(view)
        inputs = {"exemplars": scan.fact("exemplars"), "scan": scan.fingerprint, "version": RETENTION_VERSION}
        others = self._placement("data", "scan")
        return self._stage(self.run / view, "retention", inputs, f"view {view}", scan, others=others)

    def equivariance(self, view: ViewName) -> Stage:
        """How far the maps of a view's network are from moving with the input."""
        return self._looked_at(view, "equivariance", equivariance_inputs(self.recipe) | {"version": TURNS_VERSION})

    def _looked_at(self, view: ViewName, name: str, inputs: dict[str, Any]) -> Stage:
        """A stage that shows a view's network photographs of the validation split."""
        source = self.source(view)
        inputs = measure_inputs(self.recipe, view, self._dataset, source.fact("weights")) | inputs
        others = self._placement("data", "scan")
        return self._stage(self.run / view, name, inputs, f"view {view}", source, others=others)

    def sanity(self, view: ViewName) -> Stage:
        """The tests of a view's pictures: whether they depend on the weights, and show what drives a channel."""
        scan = self.scan(view)
        inputs = sanity_inputs(self.recipe, scan.fact("exemplars"), scan.fingerprint)
        others = self._placement("scan")
        return self._stage(self.run / view, "sanity", inputs, f"view {view}", scan, others=others)

    def tests(self, name: str, view: ViewName) -> list[Stage]:
        """The stages of a further set of measures, one of `SETS`, for a view."""
        if name == "tolerance":
            return [self.tolerance(view), self.retention(view), self.equivariance(view)]
        return [getattr(self, name)(view)]

    def networks(self, view: ViewName) -> dict[str, tuple[int | None, Control]]:
        """What a view's measures compare, by name: the epoch, None for the finished weights, and the control.

        The untrained network is there if the training began with random weights and kept them; epochs of
        `scan.checkpoints` have names such as `epoch 3`.

        Raises:
            LogpolarError: the training did not keep the weights of an epoch that the settings ask for.
        """
        networks: dict[str, tuple[int | None, Control]] = {
            TRAINED: (None, "none"),
            SCRAMBLED: (None, "phase-scrambled"),
        }
        if self.recipe.measure.rotated_basis:
            networks[ROTATED] = (None, "rotated-basis")
        if self.recipe.measure.random_fixations:
            networks[FIXATIONS] = (None, "random-fixations")
        if self.untrained(view):
            networks[UNTRAINED] = (0, "none")
        begun = self.first_weights(view)  # epoch 0 is a trained network then
        return networks | {f"epoch {epoch}": (epoch, "none") for epoch in self._epochs(view) if epoch > 0 or begun}

    def measured_scans(self, view: ViewName) -> dict[str, Stage]:
        """The scans of the validation split that a view's measures read, by the name of the network."""
        return {name: self.scan(view, epoch, control=control) for name, (epoch, control) in self.networks(view).items()}

    def measure(self) -> Stage:
        """The measures of all views and the findings, from scans of the validation split."""
        scans = {view: self.measured_scans(view) for view in self.recipe.views}
        fingerprints: dict[str, dict[str, str]] = {
            view: {network: stage.fingerprint for network, stage in of_view.items()} for view, of_view in scans.items()
        }
        rules = read_rules(committed_rules()).fingerprint
        before = [stage for of_view in scans.values() for stage in of_view.values()]
        inputs = findings_inputs(self.recipe, fingerprints, rules)
        for name in SETS:
            if getattr(self.recipe.measure, name):
                stages = [stage for view in self.recipe.views for stage in self.tests(name, view)]
                inputs[name] = {"rules": read_rules(committed_rules(RULES_OF_SET[name])).fingerprint}
                inputs[name] |= {stage.title: stage.fingerprint for stage in stages}
                before += stages
        return self._stage(self.run, "measure", inputs, "", *before)

    def measured(self) -> Stage | None:
        """The measures of the views and epochs that were chosen when they were made; None if they never were."""
        manifest = Stage(self.run, "measure", {}).manifest()
        if manifest is None:
            return None
        scans = manifest["inputs"]["scans"]
        names = {name for networks in scans.values() for name in networks}
        epochs = sorted(int(name.removeprefix("epoch ")) for name in names if name.startswith("epoch "))
        scan = replace(self.recipe.scan, checkpoints=",".join(map(str, epochs)) or "none")
        asked: dict[str, Any] = {name: name in manifest["inputs"] for name in SETS}
        asked |= {"rotated_basis": ROTATED in names, "random_fixations": FIXATIONS in names}
        sets = replace(self.recipe.measure, **asked)
        views = tuple(view for view in VIEW_NAMES if view in scans)
        chosen = replace(self.recipe, views=views, scan=scan, measure=sets)
        return replace(self, recipe=chosen).measure()

    def report(self) -> Stage:
        """The page about all views of the run."""
        views = self.recipe.views
        shown = {
            view: (self.source(view), self.evaluate(view), self.scan(view), self.visualize(view)) for view in views
        }
        fingerprints = {view: {stage.name: stage.fingerprint for stage in stages} for view, stages in shown.items()}
        inputs: dict[str, Any] = {"views": list(views), "stages": fingerprints}
        if "log_polar" not in views:  # its samples are log-polar anyway
            inputs["view"] = geometry_inputs(self.recipe)
        if chosen := chosen_parts(self.recipe):  # the command that makes the run again names it
            inputs["selection"] = chosen
        compared = [self.compare()] if set(views) == set(VIEW_NAMES) else []
        before = [stage for stages in shown.values() for stage in stages]
        measured = self.measured()
        if measured is not None:
            inputs["findings"] = measured.fingerprint
        last = [] if measured is None else [measured]
        if strips := self.drawn_strips():
            inputs["strips"] = {view: stage.fingerprint for view, stage in strips.items()}
            last += strips.values()
        return self._stage(self.run, "report", inputs, "", *before, *compared, *last)

    def require(self, *stages: Stage, redo: str | None = None) -> None:
        """Check that these stages, and all before them, are finished with the present settings.

        Args:
            stages: what the caller is about to read.
            redo: command that the message names for stale stages; by default that of the stage.

        Raises:
            LogpolarError: a stage is not finished, or was made with other settings; the message names the first.
        """
        for stage in stages:
            self.require(*stage.before, redo=redo)
            if stage.is_finished():
                continue
            verb = _VERBS.get(stage.name, stage.name)
            if stage.manifest() is None:
                raise SettingError(f"{self.run} holds no finished {stage.title}; run `{self._command(verb)}` first")
            first, *others = stage.changes()
            what = f"{first.name} {shown_value(first.old)}, now {shown_value(first.new)}"
            more = f" (and {len(others)} more)" if others else ""
            remedy = f"run `{self._command(redo or verb)}`"
            if stage.name == "train":
                remedy = "give the settings it was made with, or another --run"
            raise SettingError(f"{self.run}: {stage.title} was made with {what}{more}; {remedy}")

    def _command(self, verb: str) -> str:
        """A command that works on this run with the present settings."""
        chosen = options(self.recipe, stored_recipe(self.run) or self.recipe)
        return shlex.join(["logpolar", verb, "--run", self.run.uri, *chosen])

    @property
    def _dataset(self) -> str:
        return open_dataset(self.recipe.data.path).fingerprint

    def _stage(
        self, folder: Storage, name: str, inputs: dict[str, Any], about: str, *before: Stage, others: Iterable[str] = ()
    ) -> Stage:
        """A stage; settings of the stages before it count as its own."""
        settings: dict[str, Any] = {}
        for stage in before:
            settings |= stage.settings
        settings |= settings_among(inputs, self.recipe)
        values = setting_values(self.recipe)
        return Stage(folder, name, inputs, about, settings, {other: values[other] for other in others}, before)

    def _placement(self, *sections: str) -> list[str]:
        """Names of the settings of these sections that decide where and how often."""
        roles = setting_roles(self.recipe)
        return [name for name, role in roles.items() if role == "placement" and name.partition(".")[0] in sections]
