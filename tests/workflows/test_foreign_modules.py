"""A user's own `tasks.py`, `lp_core` or `workflows`, in the current folder or on PYTHONPATH: ours are used."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflows.commands import RAY, REPOSITORY, free_port, head, hidden_from, node

FOREIGN = "print('foreign code ran')\n"
KINDS = {
    "tasks.py": FOREIGN,
    "tasks/__init__.py": FOREIGN,
    "tasks/notes.txt": "",  # no package, but a folder that Python takes for one
    "lp_core.py": FOREIGN,
    "lp_core/__init__.py": FOREIGN,
    "random.py": FOREIGN,  # Python's own
}
WORKER = """
import sys
from logpolar_command import main
try:
    main()
except SystemExit:
    pass
from tasks.connection import connected

def where():
    import random, lp_core, tasks, workflows
    return [module.__file__ for module in (random, lp_core, tasks, workflows)]

with connected(*sys.argv[2:]):
    import ray
    print(*ray.get([ray.remote(num_cpus=0)(where).remote() for _ in range(2)]), sep="\\n")
"""


def with_foreign(folder: Path, *kinds: str) -> Path:
    for kind in kinds:
        (folder / kind).parent.mkdir(parents=True, exist_ok=True)
        (folder / kind).write_text(KINDS.get(kind, FOREIGN))
    return folder


def run(folder: Path, *command: str, path: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "random.py"])
@pytest.mark.parametrize("first", ["current folder", "PYTHONPATH"])
@pytest.mark.parametrize("entry", ["workflows", "logpolar_command"])
def test_the_command_imports_its_own_code(tmp_path, kind, first, entry):
    foreign = with_foreign(tmp_path / "foreign", kind)
    (tmp_path / "empty").mkdir()
    if first == "PYTHONPATH":
        done = run(tmp_path / "empty", "-P", "-m", entry, "report", "--run", "none", path=f"{foreign}:{REPOSITORY}")
    else:
        done = run(foreign, "-m", entry, "report", "--run", "none", path=str(REPOSITORY))
    assert done.stderr.startswith("logpolar: "), done.stderr
    assert "none does not exist; name the folder of a run" in done.stderr
    assert "foreign" not in done.stdout


@pytest.mark.parametrize("kind", ["workflows.py", "workflows/__init__.py"])
def test_the_installed_command_is_not_taken_over_by_the_name_of_its_package(tmp_path, kind):
    foreign = with_foreign(tmp_path / "foreign", kind)
    script = "from logpolar_command import main; main()"  # what pip writes into bin/logpolar
    done = run(tmp_path, "-P", "-c", script, "report", "--run", "none", path=f"{foreign}:{REPOSITORY}")
    assert "none does not exist; name the folder of a run" in done.stderr
    assert "foreign" not in done.stdout


def test_a_package_that_was_imported_before_is_named(tmp_path):
    foreign = with_foreign(tmp_path / "foreign", "tasks.py")
    done = run(foreign, "-c", f"import sys, tasks; sys.path.insert(0, {str(REPOSITORY)!r}); import workflows", path="")
    assert done.returncode == 1
    assert (
        done.stderr
        == f"logpolar: {foreign / 'tasks.py'} was imported as tasks before this program started; rename it\n"
    )


@pytest.mark.ray
@pytest.mark.parametrize("packages", [False, True], ids=["modules", "packages"])
def test_workers_import_our_code(tmp_path, packages):
    """In the current folder, which Ray itself would put before everything else, and on PYTHONPATH."""
    kinds = ["tasks/__init__.py", "lp_core/__init__.py"] if packages else ["tasks.py", "lp_core.py"]
    current = with_foreign(tmp_path / "current", "random.py", "workflows/notes.txt", *kinds)
    foreign = with_foreign(tmp_path / "foreign", *kinds)
    done = run(current, "-P", "-c", WORKER, "--help", path=f"{foreign}:{REPOSITORY}")
    assert done.returncode == 0, done.stderr
    assert_ours(done.stdout, REPOSITORY)


@pytest.mark.ray
def test_a_submitted_job_imports_our_code(tmp_path):
    """From a folder of the user's own, which Ray puts first for the job and its workers; the program is installed."""
    kinds = ["tasks/__init__.py", "lp_core.py"]
    job = with_foreign(tmp_path / "job", "workflows/notes.txt", *kinds)
    foreign = with_foreign(tmp_path / "foreign", *kinds)
    (job / "worker.py").write_text(WORKER)
    ports = ("--dashboard-port=0", f"--dashboard-agent-listen-port={free_port()}")  # other tests run at the same time
    with head(*ports, environment={"PYTHONPATH": f"{foreign}:{REPOSITORY}"}) as cluster:
        words = [RAY, "job", "submit", "--address", cluster.dashboard, "--working-dir", job]
        words += ["--", "python", "worker.py", "--help"]
        while True:
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=200)
            if "No available agent" not in done.stderr:  # a head answers some seconds before it can start jobs
                break
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"connecting to Ray at {cluster.address} (from RAY_ADDRESS)" in done.stdout
    assert_ours("\n".join(line for line in done.stdout.splitlines() if line.startswith("[")), REPOSITORY)
    assert "foreign" not in done.stdout.replace(str(foreign), "")


def assert_ours(output: str, root: Path) -> None:
    lines = output.splitlines()[-2:]
    assert len(lines) == 2
    for line in lines:
        standard, *ours = ast.literal_eval(line)
        assert Path(standard).parent == Path(os.__file__).parent
        assert ours == [str(root / name / "__init__.py") for name in ("lp_core", "tasks", "workflows")]


@pytest.mark.ray
@pytest.mark.skipif(os.geteuid() != 0, reason="a folder can be hidden from a node by root only")
def test_a_node_with_other_code_is_refused(tmp_path, monkeypatch):
    """The first node has the folder that the command's code is in; the second has foreign code, the third ours."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("lp_core", "tasks", "workflows", "logpolar_command.py"):
        subprocess.run(["cp", "-r", REPOSITORY / name, copy / name], check=True)
    foreign = with_foreign(tmp_path / "foreign", "tasks.py")
    with head("--include-dashboard=false", cpus=1, environment={"PYTHONPATH": str(foreign)}) as cluster:
        monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
        with node(cluster.address, "--num-cpus=1", before=hidden_from(copy)):
            done = run(tmp_path, "-P", "-c", WORKER, "--help", cluster.address, path=str(copy))
            assert done.returncode == 0, done.stderr
        monkeypatch.setenv("PYTHONPATH", f"{foreign}:{REPOSITORY}")
        with node(cluster.address, "--num-cpus=1", before=hidden_from(copy)):
            done = run(tmp_path, "-P", "-c", WORKER, "--help", cluster.address, path=str(copy))
    assert done.returncode == 1
    assert f"would import tasks from {foreign / 'tasks.py'}, which is not the code that runs here" in done.stderr
