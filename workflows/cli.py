"""The command line: `logpolar VERB ...`, and the same as `python -m workflows VERB ...`."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from lp_core.errors import LogpolarError, SettingError
from lp_core.settings import VIEW_NAMES, Recipe, VisualizeSettings
from lp_core.storage import Storage
from workflows.streams import make_lasting

VERBS = {
    "demo": "the whole chain on the built-in data set, on this machine",
    "index": "make a data set folder from a collection of images",
    "train": "train the networks of a run",
    "evaluate": "measure their accuracy on the validation split",
    "scan": "find the nine strongest activations of every channel",
    "visualize": "draw what channels respond to; `visualize figure-1` (2, 3): one of the paper's figures, for print",
    "report": "write the page about a run",
    "run": "all stages of a recipe, resuming whatever is complete",
    "submit": "the same command as a job on a cluster: logpolar submit run --recipe ...",
    "verify": "find the exemplars again by brute force and compare",
    "warp": "one picture to its log-polar image, or back",
}


SUBMITTED = ("demo", "train", "evaluate", "scan", "visualize", "report", "run", "verify")
_SUBMIT_HELP = f"""usage: logpolar submit VERB --run DIR [--address URL] [--no-wait] [options of VERB]

Runs `logpolar VERB ...` as a job on the Ray cluster whose dashboard is at URL (else RAY_API_SERVER_ADDRESS, else
RAY_ADDRESS where that is a URL, else http://127.0.0.1:8265) and prints the job's log. The job is named after the run
folder and the number of the attempt. While an attempt runs, another one is refused; submitted again after it was
stopped or lost, it resumes. VERB is one of
{", ".join(SUBMITTED)}."""
SHORT = {f"--{one.name}" for one in fields(VisualizeSettings)}
"""Options of `visualize` that need no prefix there."""


def main(arguments: list[str] | None = None) -> None:
    """Run one verb; exit code 0 only on success, 1 for what a person must change, 2 for a wrong command line."""
    make_lasting()
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        sys.exit(0 if arguments else 2)
    verb, rest = arguments[0], arguments[1:]
    if verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, 1)
        _fail(f"unknown verb '{verb}'; {f'did you mean {near[0]}?' if near else 'see logpolar --help'}", 2)
    try:
        _dispatch(verb, rest)
    except LogpolarError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        _fail("interrupted; start it again and it goes on where it stopped", 130)


def _overview() -> str:
    lines = ["usage: logpolar VERB [options]", ""]
    lines += [f"  {verb:<10} {text}" for verb, text in VERBS.items()]
    return "\n".join([*lines, "", "logpolar VERB --help tells the options of a verb."])


def _fail(message: str, code: int) -> None:
    print(f"logpolar: {message}", file=sys.stderr, flush=True)
    sys.exit(code)


def _dispatch(verb: str, arguments: list[str]) -> None:
    import tyro

    program = f"logpolar {verb}"
    if verb == "index":
        from workflows.index import index

        tyro.cli(index, prog=program, args=arguments)
    elif verb == "submit":
        _submit(arguments)
    elif verb == "warp":
        from workflows.warp import warp

        tyro.cli(warp, prog=program, args=arguments)
    else:
        _run_stage(verb, program, arguments)


def _submit(arguments: list[str]) -> None:
    import os

    from workflows.submit import submit

    if not arguments or arguments[0] not in SUBMITTED:
        print(_SUBMIT_HELP)
        sys.exit(0 if arguments[:1] in (["-h"], ["--help"]) else 2)
    address = _value_of(arguments, "--address") or os.environ.get("RAY_API_SERVER_ADDRESS")
    if not address and os.environ.get("RAY_ADDRESS", "").startswith("http"):  # Ray's own commands read it, too
        address = os.environ["RAY_ADDRESS"]
    address = address or "http://127.0.0.1:8265"
    run = _value_of(arguments, "--run") or (arguments[1] if arguments[0] == "verify" and arguments[1:] else None)
    if run is None:
        raise SettingError("--run is missing; give a folder that every node of the cluster sees")
    passed = [word for word in _without(arguments, "--address") if word != "--no-wait"]
    submit(passed, run, address, wait="--no-wait" not in arguments)


def _stage(verb: str) -> Callable:
    from importlib import import_module

    return getattr(import_module(f"workflows.{'run' if verb == 'demo' else verb}"), verb)


def _run_stage(verb: str, program: str, arguments: list[str]) -> None:
    import tyro

    from workflows.session import Session

    options = _options(verb)
    figure = None
    if verb == "visualize" and arguments and not arguments[0].startswith("-"):
        from workflows.figures import checked_name, draw_figure

        figure, arguments = checked_name(arguments[0]), arguments[1:]
    arguments = _spelled_out(verb, arguments)
    run = _value_of(arguments, "--run") or (arguments[0] if verb == "verify" and arguments[:1] != [] else None)
    if verb == "verify" and run and not run.startswith("-") and arguments[0] == run:
        arguments = ["--run", *arguments]
    if verb == "demo" and run is None:
        run = "runs/demo"
    named = _value_of(arguments, "--recipe")
    if named is None and {"-h", "--help"} & set(arguments):
        named, run = "demo" if verb == "demo" else "imagenet", run or "RUN"
    base = _base(verb, run, named)
    default = options(**{one.name: getattr(base, one.name) for one in fields(Recipe)}, run=run or tyro.MISSING)
    chosen = tyro.cli(options, prog=program, description=VERBS[verb] + ".", default=default, args=arguments)
    recipe = Recipe(**{one.name: getattr(chosen, one.name) for one in fields(Recipe)})
    if recipe.data.path:  # workers on other nodes have other working directories
        recipe = replace(recipe, data=replace(recipe.data, path=Storage.at(recipe.data.path).uri))
    with Session(recipe, Storage.at(chosen.run), chosen.address) as session:
        if weights := getattr(chosen, "weights", None):
            from workflows.weights import import_weights

            import_weights(session, weights)
        draw_figure(session, figure) if figure else _stage(verb)(session)


def _options(verb: str) -> type:
    @dataclass(frozen=True, kw_only=True)
    class Options(Recipe):
        run: str
        """Run folder (local path, s3:// or gs://)."""
        address: str | None = None
        """Ray cluster to use (auto, HOST:PORT); RAY_ADDRESS counts too. Without, one is started on this machine."""

    @dataclass(frozen=True, kw_only=True)
    class WeighedOptions(Options):
        weights: str | None = None
        """Weights instead of trained ones, for one of --views, in a run of their own, which keeps them: safetensors, a
        PyTorch file that holds a state dict (FILE#NAME: the one of several that has this name), or torchvision's name,
        such as IMAGENET1K_V1."""

    chosen = WeighedOptions if verb in ("evaluate", "scan", "visualize", "run") else Options
    chosen.__doc__ = VERBS[verb]
    return chosen


def _base(verb: str, run: str | None, name: str | None) -> Recipe:
    """Settings before the command line's: the run's own if it was started before, else the recipe's.

    Raises:
        SettingError: no recipe is named, or another one than the run was started from.
    """
    from workflows.config import stored_recipe
    from workflows.recipes import RECIPES
    from workflows.recipes import recipe as named

    chosen = named(name) if name else None
    stored = stored_recipe(Storage.at(run)) if run else None
    if stored is None:
        if chosen is None and verb != "demo":
            raise SettingError(f"--recipe is missing; give one of {', '.join(RECIPES)}")
        return chosen or named("demo")
    if chosen and chosen.name != stored.name:
        raise SettingError(
            f"{run} was started from recipe {stored.name}, not {chosen.name}; give another --run, or leave out --recipe"
        )
    return stored


def _spelled_out(verb: str, arguments: list[str]) -> list[str]:
    """`--views both`, lists with commas and `visualize --layers` in the form that the parser knows."""
    spelled: list[str] = []
    for place, argument in enumerate(arguments):
        before = arguments[place - 1] if place else ""
        name, equals, value = argument.partition("=")
        if before == "--views":
            spelled += VIEW_NAMES if argument == "both" else argument.split(",")
        elif before in ("--layers", "--visualize.layers"):
            spelled += argument.split(",")
        elif verb == "visualize" and name in SHORT:
            spelled.append(f"--visualize.{name.removeprefix('--')}{equals}{value}")
        else:
            spelled.append(argument)
    return spelled


def _without(arguments: list[str], option: str) -> list[str]:
    """The arguments without `--option VALUE` or `--option=VALUE`."""
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == option:
            next(words, None)
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return kept


def _value_of(arguments: list[str], option: str) -> str | None:
    """The value of `--option VALUE` or `--option=VALUE`."""
    for place, argument in enumerate(arguments):
        if argument == option and place + 1 < len(arguments):
            return arguments[place + 1]
        if argument.startswith(f"{option}="):
            return argument.removeprefix(f"{option}=")
    return None
