"""One stage of a run: what its result depends on, and the manifest that says it is finished."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lp_core.errors import SettingError
from lp_core.fingerprint import fingerprint
from lp_core.run.inputs import input_name, leaves
from lp_core.setting_names import shown_value
from lp_core.storage import Storage

_NOUNS = {
    "train": "training",
    "evaluate": "evaluation",
    "compare": "comparison",
    "visualize": "visualization",
    "measure": "measurement",
}


@dataclass(frozen=True)
class Change:
    """An input that differs from the one that a stage was finished with."""

    name: str
    """As on the command line where it is a setting: `data.eval-crop`."""
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.name}: {shown_value(self.old)} -> {shown_value(self.new)}"


@dataclass(frozen=True)
class Stage:
    """One step of a run: its name, and everything that its result depends on.

    Args:
        folder: where its files and its manifest lie.
        name: such as `train`.
        inputs: settings and fingerprints of what it reads, as plain values.
        about: what it is the stage of, for messages: `view cartesian`.
        settings: by their names on the command line, all that decided its result: its own, and those of the stages
            before it.
        others: settings that did not decide its result, noted all the same: where and how often things happened.
        before: the stages that it reads from.
    """

    folder: Storage
    name: str
    inputs: dict[str, Any]
    about: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)
    before: tuple[Stage, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes when any input does."""
        return fingerprint({"stage": self.name, "inputs": self.inputs})

    @property
    def title(self) -> str:
        """`scan of view cartesian`."""
        noun = _NOUNS.get(self.name, self.name)
        return f"{noun} of {self.about}" if self.about else noun

    @property
    def _file(self) -> str:
        return f"stages/{self.name}.json"

    def manifest(self) -> dict[str, Any] | None:
        """What the stage wrote when it finished, with these or other inputs; None if it never did."""
        return self.folder.read_json(self._file) if self.folder.exists(self._file) else None

    def fact(self, name: str) -> Any:
        """A fact that the stage noted when it finished, such as the SHA-256 of a file; None if it never did."""
        return (self.manifest() or {}).get(name)

    def is_finished(self) -> bool:
        """Whether the stage finished with exactly these inputs."""
        return self.fact("fingerprint") == self.fingerprint

    def finish(self, seconds: float, **facts: Any) -> None:
        """Write the manifest: the last thing a stage does."""
        self.folder.write_json(
            self._file,
            {"stage": self.name, "fingerprint": self.fingerprint, "seconds": round(seconds, 1), **facts}
            | {"settings": self.settings, "other_settings": self.others, "inputs": self.inputs},
        )

    def invalidate(self) -> None:
        """Delete the manifest of an earlier run: the stage's files are about to change."""
        self.folder.remove(self._file)

    def changed_files(self) -> list[str]:
        """In words: files that are missing, or no longer what the stage wrote, by the SHA-256 that it noted."""
        changed = []
        for name, expected in (self.fact("files") or {}).items():
            try:
                if self.folder.checksum(name) != expected:
                    changed.append(f"{name} has changed since the {self.name} wrote it")
            except FileNotFoundError:
                changed.append(f"{name} is missing")
        return changed

    def changes(self) -> list[Change]:
        """What differs from what the stage was finished with, settings first; nothing if it never finished.

        Settings of the stages before it are among them where the manifest names them (versions before it did not).
        """
        manifest = self.manifest()
        if manifest is None or manifest["fingerprint"] == self.fingerprint:
            return []
        own = differences(manifest["inputs"], self.inputs)
        before = manifest.get("settings", {})  # settings that it does not name are newer than it
        changed = differences(before, {name: value for name, value in self.settings.items() if name in before})
        named = {change.name for change in changed}
        settings = [change for change in own if change.name in self.settings and change.name not in named]
        others = [change for change in own if change.name not in self.settings]
        return [*changed, *settings, *others]


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Every leaf of nested dictionaries that differs."""
    before, after = leaves(old), leaves(new)
    changed = [name for name in dict.fromkeys([*before, *after]) if not _same(before.get(name), after.get(name))]
    return [Change(input_name(name), before.get(name), after.get(name)) for name in changed]


def _same(old: Any, new: Any) -> bool:
    """Whether two values are equal; JSON has lists where settings have tuples."""
    return old == new or (isinstance(new, tuple) and old == list(new))


class Stopwatch:
    """Seconds since it was started."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start


@contextmanager
def stage_run(stage: Stage) -> Iterator[Stopwatch]:
    """Delete an old manifest, then time what follows."""
    stage.invalidate()
    yield Stopwatch()


def refuse_other_settings(stage: Stage, run: Storage) -> None:
    """Stop rather than overwrite a finished stage that was made with other settings.

    Raises:
        LogpolarError: the stage is finished with other inputs; the message names the first differences.
    """
    changed = [str(change) for change in stage.changes()]
    if changed:
        shown = "; ".join(changed[:3]) + (f"; and {len(changed) - 3} more" if len(changed) > 3 else "")
        raise SettingError(
            f"{run} holds a finished {stage.name} with other settings ({shown}); "
            "give the settings it was made with, or another run folder"
        )
