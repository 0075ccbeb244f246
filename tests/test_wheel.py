"""A wheel holds all that the program reads, and runs in an environment of its own, from an empty folder."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from lp_core import __version__

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("lp_core", "tasks", "workflows")
NO_DATA = (".py", ".pyc")

pytest.importorskip("setuptools", reason="building without a network takes this environment's setuptools")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy: a `build` folder of an earlier version would add files that are gone."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(REPOSITORY / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "logpolar_command.py"):
        shutil.copy(REPOSITORY / name, source)
    out = tmp_path_factory.mktemp("dist")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(source))
    [file] = out.glob("*.whl")
    return file


def pip(*arguments: str, python: Path | str = sys.executable) -> None:
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_holds_every_module_and_every_file_that_they_read(wheel: Path) -> None:
    files = [path for name in PACKAGES for path in (REPOSITORY / name).rglob("*") if path.is_file()]
    expected = {path.relative_to(REPOSITORY).as_posix() for path in files if path.suffix != ".pyc"}
    data = {name for name in expected if not name.endswith(NO_DATA)}
    assert {"lp_core/py.typed", "lp_core/measures/measure.toml", "lp_core/report/templates/index.html"} <= data
    assert "lp_core/measures/wordnet_hypernyms.txt" in data
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        [entry_points] = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "logpolar = logpolar_command:main" in archive.read(entry_points).decode()
    assert names == expected | {"logpolar_command.py"}
    assert wheel.name == f"logpolar-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory) -> Path:
    """An environment that holds the wheel; its dependencies are those of this one, so that no network is needed."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip("install", "--no-deps", "--no-index", str(wheel), python=python)
    [packages] = (folder / "lib").glob("python*/site-packages")
    # Read after the environment's own packages. `.pth` files in it are not: ours, which leads to the checkout, neither.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.mark.slow
@pytest.mark.ray
def test_the_demo_runs_from_an_empty_folder(environment: Path, tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "RAY_ADDRESS")}
    code = "import lp_core, workflows.cli; print(lp_core.__file__, workflows.cli.__file__)"
    python = environment / "bin" / "python"
    found = subprocess.run(
        [python, "-c", code], cwd=tmp_path, env=variables, capture_output=True, text=True, check=True
    )
    assert all(file.startswith(str(environment)) for file in found.stdout.split())
    command = [environment / "bin" / "logpolar", "demo"]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    run = tmp_path / "runs" / "demo"
    assert (run / "report" / "index.html").stat().st_size > 10_000
    assert (run / "findings.json").exists()
