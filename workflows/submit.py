"""`logpolar submit`: the same command on a cluster, as a Ray job that is named after its run and the attempt."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from tyro.conf import Positional, arg

from lp_core.errors import ClusterError, SettingError, check
from lp_core.fingerprint import fingerprint
from lp_core.storage import Storage, one_line
from tasks.embedders import KIND as EMBEDDING
from tasks.imported_function import module_source
from tasks.progress import say
from workflows.command_line import BY_PLACE
from workflows.imported_recipe import recipe_source
from workflows.own_network import KIND as NETWORK
from workflows.recipes import recipe

if TYPE_CHECKING:
    from ray.job_submission import JobStatus, JobSubmissionClient

ROOT = Path(__file__).parents[1]
EMBEDDING_OPTION = "measure.embedding"
NETWORK_OPTION = "own-network"
FILE_OPTIONS = ("weights", "init-weights")
POLL_SECONDS = 2.0
STARTING_SECONDS = 60.0
"""A head answers some seconds before it can start jobs."""


Submitted = Literal["demo", "train", "evaluate", "scan", "visualize", "measure", "report", "run", "sweep", "verify"]


@dataclass(frozen=True, kw_only=True)
class Submission:
    """Run `logpolar VERB ...` as a job on a Ray cluster and print the job's log.

    The job is named after the run folder and the number of the attempt. While an attempt runs, another one is refused;
    submitted again after it was stopped or lost, it resumes. All other options are those of VERB:
    `logpolar VERB --help` lists them.
    """

    verb: Positional[Submitted]
    """What the job does."""
    words: Annotated[Positional[tuple[str, ...]], arg(metavar="[RUN|FIGURE]")] = ()
    """What VERB takes without an option: the run of `verify` and `measure`, a figure of `visualize`."""
    run: str | None = None
    """Run folder, which every node of the cluster sees under this name."""
    recipe: str | None = None
    """Recipe that the run starts from. The file or package of a MODULE:FUNCTION of your own is sent along, also of
    --measure.embedding and --own-network."""
    address: str | None = None
    """URL of the cluster's dashboard; else RAY_API_SERVER_ADDRESS, else RAY_ADDRESS where that is a URL, else
    http://127.0.0.1:8265."""
    wait: bool = True
    """Print the job's log and end with the job."""


def submit_command(program: str, arguments: list[str]) -> None:
    """Submit what a command line asks for.

    Args:
        program: what the help calls the command.
        arguments: what follows it.

    Raises:
        LogpolarError: the run is not named, the recipe cannot be imported, or see `submit`.
        SystemExit: help was asked for (0), or the command line is malformed (2).
    """
    asked, others = tyro.cli(Submission, prog=program, args=arguments, return_unknown_args=True)
    run = asked.run or (asked.words[0] if asked.verb in BY_PLACE and asked.words else None)
    if run is None:
        raise SettingError("--run is missing; give a folder that every node of the cluster sees")
    words = [asked.verb, *asked.words]
    words += ["--run", asked.run] if asked.run else []
    words += ["--recipe", asked.recipe] if asked.recipe else []
    sources = [module_source(name, EMBEDDING) for name in _embeddings(others)]
    sources += [module_source(name, NETWORK) for name in _values(others, NETWORK_OPTION)]
    for option in FILE_OPTIONS:
        for file in _values(others, option):
            here = Path(file.partition("#")[0])
            seen = "://" in file or here.is_absolute() or not here.exists()  # torchvision's names are no files
            check(seen, f"--{option} is '{file}'; a job runs elsewhere: give a full path or URI that its nodes see")
    if asked.recipe:
        settings = recipe(asked.recipe)  # refused here rather than by the job
        if ":" in asked.recipe:
            sources.append(recipe_source(asked.recipe))
        if settings.measure.embedding:
            sources.append(module_source(settings.measure.embedding, EMBEDDING))
    submit([*words, *others], run, asked.address or _usual_address(), asked.wait, list(dict.fromkeys(sources)))


def _embeddings(words: Sequence[str]) -> list[str]:
    """The functions that options name, those of `--vary` included."""
    return [name for value in _values(words, EMBEDDING_OPTION) for name in value.split(",")]


def _values(words: Sequence[str], option: str) -> list[str]:
    """What an option is given, as a word of its own or behind an equals sign."""
    spellings = (f"--{option}", f"--{option.replace('-', '_')}")
    values = [
        word if before in spellings else word.partition(f"{option}=")[2] for before, word in pairwise(["", *words])
    ]
    return [value for value in values if value]


def _usual_address() -> str:
    """The dashboard that the environment names; Ray's own commands read the same variables."""
    address = os.environ.get("RAY_API_SERVER_ADDRESS")
    if not address and os.environ.get("RAY_ADDRESS", "").startswith("http"):
        address = os.environ["RAY_ADDRESS"]
    return address or "http://127.0.0.1:8265"


def submit(arguments: list[str], run: str, address: str, wait: bool, sources: Sequence[Path] = ()) -> None:
    """Submit `python -m workflows ARGUMENTS` to a cluster and print the job's log until it ends.

    A job's name is made of the run folder and the number of the attempt. A run that has a live attempt is refused.
    An attempt after one that has ended resumes where that one stopped.

    Args:
        arguments: the verb and its options.
        run: the run folder that they name; every node must see it under this name.
        address: of the cluster's dashboard, such as http://127.0.0.1:8265.
        wait: print the job's log and end with the job; otherwise return when the job is accepted.
        sources: files and packages of the user's own that the job imports.

    Raises:
        ClusterError: no such cluster, a wrong token, another version of Ray, the run has a live attempt, or the job
            failed.
    """
    import ray

    logging.getLogger("ray").setLevel(logging.ERROR)  # each file that is not uploaded would be a line
    check("://" in run or Path(run).is_absolute(), f"--run is '{run}'; a job runs elsewhere: give a full path or URI")
    client = _client(address)
    found = client._server_ray_version  # no public name in Ray 2.60: get_version tells the interface's
    check(
        found in (None, ray.__version__),
        f"the cluster at {address} runs Ray {found}, this is Ray {ray.__version__}; submit with the same version",
        ClusterError,
    )
    name = next_attempt(client, run)
    # The code travels with the job where this is a checkout; an installed package is in the image already.
    environment: dict[str, Any] = {"working_dir": str(ROOT)} if (ROOT / ".rayignore").exists() else {}
    # Safe path (-P): where the head was started in a folder with modules of those names, ours are meant.
    command = shlex.join(["python", "-P", "-m", "logpolar_command", *arguments])
    end = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            with _packages(sources) as packages:
                modules = {"py_modules": packages} if packages else {}
                client.submit_job(entrypoint=command, submission_id=name, runtime_env=environment | modules)
            break
        except Exception as error:  # Ray raises bare ones
            if "already exists" in str(error):  # another command was faster: refused while that attempt lives
                name = next_attempt(client, run)
                continue
            if "No available agent" not in str(error) or time.monotonic() > end:
                raise ClusterError(f"the cluster at {address} did not take the job ({one_line(error)})") from None
        time.sleep(POLL_SECONDS)
    say(f"submitted as {name}; {_commands(name)}")
    if wait:
        _follow(client, name)


@contextmanager
def _packages(sources: Sequence[Path]) -> Iterator[list[str]]:
    """Folders that Ray can send to a job for its imports: it takes packages alone, so a module becomes one."""
    with TemporaryDirectory() as scratch:
        folders = []
        for source in sources:
            folder = source
            if source.is_file():
                folder = Path(scratch) / source.stem
                folder.mkdir()
                shutil.copy(source, folder / "__init__.py")
            folders.append(str(folder))
        yield folders


def job_name(run: str) -> str:
    """The first part of the submission ids of a run's jobs: the same for every spelling of its place."""
    return f"logpolar-{fingerprint({'run': Storage.at(run).uri})[:16]}"


def _client(address: str) -> JobSubmissionClient:
    from ray.job_submission import JobSubmissionClient

    try:
        return JobSubmissionClient(address)
    except Exception as error:  # ConnectionError, AuthenticationError, RuntimeError, ValueError ...
        raise ClusterError(f"no Ray cluster takes jobs at '{address}' ({one_line(error)})") from None


def next_attempt(client: JobSubmissionClient, run: str) -> str:
    """The submission id of a run's next attempt, after those that have ended.

    No id is used twice: Ray ends a job whose id an earlier job had, when the supervisor of that one leaves.

    Raises:
        ClusterError: an attempt has not ended.
    """
    name = job_name(run)
    numbers = [0]
    for job in client.list_jobs():
        attempt = job.submission_id or ""  # drivers that nobody submitted have none
        before, _, number = attempt.rpartition("-")
        if before == name and number.isdecimal():
            check(
                job.status.is_terminal(),
                f"this run is on its way as {attempt} ({job.status.value}); {_commands(attempt)}",
                ClusterError,
            )
            numbers.append(int(number))
    return f"{name}-{max(numbers) + 1}"


def _commands(name: str) -> str:
    """What a person can do with a job."""
    return f"`ray job logs {name} --follow` shows its progress, `ray job stop {name}` stops it"


def _follow(client: JobSubmissionClient, name: str) -> None:
    printed = 0
    while True:
        status: JobStatus = client.get_job_status(name)
        # Polled, not streamed: following a log stops now and then (ray-project/ray#51601).
        log = client.get_job_logs(name)
        if len(log) > printed:
            print(log[printed:], end="", flush=True)
            printed = len(log)
        if status.is_terminal():
            check(
                status.value == "SUCCEEDED", f"{name} ended as {status.value}; submit it again to resume", ClusterError
            )
            return
        time.sleep(POLL_SECONDS)
