"""The command line: `logpolar VERB ...`, and the same as `python -m workflows VERB ...`."""

from __future__ import annotations

import difflib
import os
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING

from lp_core.errors import LogpolarError
from lp_core.first_contact import answers_expected, is_asking
from tasks.ending import end_in_order, was_terminated
from workflows.parent import end_with_parent
from workflows.streams import make_lasting

if TYPE_CHECKING:
    from workflows.command_line import Command
    from workflows.session import Session

VERBS = {
    "demo": "run the whole chain on the built-in data set, on this machine",
    "index": "make a data set folder from a collection of images",
    "train": "train the networks of a run",
    "evaluate": "measure the accuracy of the networks on the validation split",
    "scan": "find the nine images that excite each channel most",
    "visualize": "draw what excites channels most; `visualize figure-1` (2, 3): one of the paper's figures, for print",
    "measure": "turn sentences about channels and views into numbers, each against chance, with a verdict",
    "report": "write the page about a run, or about a sweep",
    "run": "run all stages of a recipe; stages that are finished are skipped",
    "sweep": "make many runs: every combination of seeds, varied settings and controls",
    "submit": "run a command as a job on a cluster: logpolar submit run --recipe ...",
    "verify": "find all exemplars again by brute force, and compare",
    "look": "draw how likely a class is for a network at each fixation of a photograph",
    "doctor": "check this machine: what it has, and what will not work on it",
    "bench": "measure how fast this machine is, beside numbers of a named one",
    "warp": "turn one picture into its log-polar image, or back",
}


def main(arguments: list[str] | None = None) -> None:
    """Run one verb; exit code 0 only on success, 1 for what a person must change, 2 for a wrong command line.

    Args:
        arguments: words behind the program's name; the process' own if None.
    """
    try:
        _run(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as end:
        if arguments is None and is_asking():  # pyarrow would wait for the store's answer before Python ends
            sys.stdout.flush()
            os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise


def _run(arguments: list[str]) -> None:
    make_lasting()
    is_cell = end_with_parent()
    end_in_order()
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        sys.exit(0 if arguments else 2)
    verb, rest = arguments[0], arguments[1:]
    if verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, 1)
        _fail(f"unknown verb '{verb}'; {f'did you mean {near[0]}?' if near else 'see logpolar --help'}", 2)
    try:
        # A run of a sweep waits for a store as its sweep does.
        with nullcontext() if is_cell else answers_expected():
            _dispatch(verb, rest)
    except LogpolarError as error:
        from workflows.remedies import with_remedy

        _fail(with_remedy(error), 1)
    except KeyboardInterrupt:
        _interrupted(was_terminated())
    except Exception as error:
        if _came_from_a_signal(error):
            _interrupted(was_terminated())
        raise
    except SystemExit as end:
        if end.code == signal.SIGTERM:  # Ray's own handler, while it connects
            _interrupted(terminated=True)
        raise


def _came_from_a_signal(error: BaseException | None) -> bool:
    """Whether the first cause is an interrupt: Python 3.11 raises another error for one within the body of a class."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _interrupted(terminated: bool) -> None:
    word, number = ("terminated", signal.SIGTERM) if terminated else ("interrupted", signal.SIGINT)
    _fail(f"{word}; run the same command again to resume", 128 + number)


def _overview() -> str:
    lines = ["usage: logpolar VERB [options]", ""]
    lines += [f"  {verb:<10} {text}" for verb, text in VERBS.items()]
    return "\n".join([*lines, "", "logpolar VERB --help lists the options of a verb."])


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
        from workflows.submit import submit_command

        submit_command(program, arguments)
    elif verb == "sweep":
        _sweep(arguments)
    elif verb == "measure":
        _measure(arguments)
    elif verb == "report":
        _report(arguments)
    elif verb == "look":
        from workflows.look_command import look_command

        command = look_command(VERBS[verb], arguments)
        from workflows.look import look

        look(command)
    elif verb == "doctor":
        from workflows.doctor import doctor

        tyro.cli(doctor, prog=program, args=arguments)
    elif verb == "bench":
        from workflows.bench import bench

        tyro.cli(bench, prog=program, args=arguments)
    elif verb == "warp":
        from workflows.warp import warp

        tyro.cli(warp, prog=program, args=arguments)
    else:
        _run_stage(verb, arguments)


def _sweep(arguments: list[str]) -> None:
    from workflows.named_files import check_named
    from workflows.sweep_command import sweep_command

    command = sweep_command(VERBS["sweep"], arguments)
    check_named(None if command.draws_data else command.plan.base.data.path)
    from tasks.folder_lock import locked
    from workflows.sweep import sweep

    with locked(command.folder):
        sweep(command)


def _measure(arguments: list[str]) -> None:
    from workflows.measure_command import sweep_measurement

    sweep = sweep_measurement(arguments)
    if sweep is None:
        _run_stage("measure", arguments)
    else:
        from tasks.folder_lock import locked
        from workflows.measure_sweep import measure_sweep

        with locked(sweep.folder):
            measure_sweep(sweep.folder, sweep.command)


def _report(arguments: list[str]) -> None:
    from tasks.folder_lock import locked
    from workflows.sweep_report import named_sweep, sweep_report

    folder = named_sweep(arguments)
    if folder is None:
        _run_stage("report", arguments)
    else:
        with locked(folder):
            sweep_report(folder)


def _run_stage(verb: str, arguments: list[str]) -> None:
    from workflows.command_line import stage_command
    from workflows.named_files import check_named

    command = stage_command(verb, VERBS[verb], arguments)
    data_path = command.recipe.data.path if verb in ("run", "train") else None
    check_named(data_path, weights=command.weights, init_weights=command.init_weights)
    from workflows.session import Session

    if command.figure:
        from workflows.figures import checked_name, draw_figure

        checked_name(command.figure)
    with Session(command.recipe, command.run, command.address) as session:
        _bring(verb, command, session)
        if command.figure:
            draw_figure(session, command.figure)
        elif verb == "run":
            _stage(verb)(session, command.until)
        else:
            _stage(verb)(session)


def _bring(verb: str, command: Command, session: Session) -> None:
    """Take up the network and the weights that a command names, if it does."""
    if command.own_network and (command.init_weights or verb == "train"):
        from workflows.own_network import begin_with_network

        begin_with_network(session, command.own_network, command.init_weights)
    elif command.own_network:
        from workflows.own_network import import_network

        import_network(session, command.own_network, command.weights)
    elif command.init_weights:
        from workflows.first_weights import import_first_weights

        import_first_weights(session, command.init_weights)
    elif command.weights:
        from workflows.weights import import_weights

        import_weights(session, command.weights)


def _stage(verb: str) -> Callable[..., None]:
    """The function of a verb, in the module of its name; `demo` belongs to `run`."""
    return getattr(import_module(f"workflows.{'run' if verb == 'demo' else verb}"), verb)
