"""What a command line alone shows to be wrong is refused before PyTorch and Ray are imported."""

import json
import subprocess
import sys

import pytest

from tests.workflows.commands import REPOSITORY

REFUSED = {
    "a setting out of range": ["run", "--recipe", "demo", "--run", "{p}", "--train.epochs", "-1"],
    "an unknown setting": ["run", "--recipe", "demo", "--run", "{p}", "--train.epoch", "1"],
    "no such recipe": ["run", "--recipe", "demq", "--run", "{p}"],
    "no data set named": ["run", "--recipe", "demo", "--run", "{p}"],
    "no such data set": ["run", "--recipe", "imagenet", "--run", "{p}", "--data.path", "/nowhere"],
    "no such data set for a sweep": ["sweep", "--recipe", "demo", "--run", "{p}", "--data.path", "/nowhere"],
    "a varied setting out of range": ["sweep", "--recipe", "demo", "--run", "{p}", "--vary", "train.epochs=-1"],
    "no such weights": [
        "evaluate",
        "--recipe",
        "demo",
        "--run",
        "{p}",
        "--views",
        "cartesian",
        "--weights",
        "/no/w.pth",
    ],
    "weights for two views": ["evaluate", "--recipe", "demo", "--run", "{p}", "--weights", "/no/w.pth"],
    "no such first weights": ["sweep", "--recipe", "demo", "--run", "{p}", "--init-weights", "/no/w.pth"],
    "no such run": ["scan", "--run", "{p}"],
    "no such run to measure": ["measure", "{p}"],
    "no such source": ["index", "/nowhere", "{p}"],
    "no network to look with": ["look", "/no.jpg"],
    "no such picture": ["warp", "/no.png", "{p}"],
}
PROGRAM = """
import json, sys
from workflows.cli import main
try:
    main(json.loads(sys.argv[1]))
except SystemExit as end:
    print(end.code, [name for name in ("torch", "ray") if name in sys.modules])
"""


@pytest.mark.parametrize("arguments", REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_imports_neither_torch_nor_ray(arguments, tmp_path):
    words = json.dumps([word.format(p=tmp_path / "x") for word in arguments])
    done = subprocess.run([sys.executable, "-c", PROGRAM, words], cwd=REPOSITORY, capture_output=True, text=True)
    code, _, loaded = done.stdout.splitlines()[-1].partition(" ")
    assert code in ("1", "2"), done.stdout + done.stderr
    assert loaded == "[]"
