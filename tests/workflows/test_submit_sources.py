"""Files of the user's own that a job imports travel with it, each once."""

import sys

import pytest

from workflows import cli, submit

PLAN = """
from dataclasses import replace
from my_colours import mean
from workflows.recipes import demo as mine

def other():
    return replace(mine(), measure=replace(mine().measure, embedding="my_colours:mean"))
"""


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["--measure.embedding", "my_colours:mean"], ["my_colours.py"]),
        (["--recipe", "my_plan:mine", "--measure.embedding=my_colours:mean"], ["my_colours.py", "my_plan.py"]),
        (["--recipe", "my_plan:mine", "--measure.embedding=my_plan:mean"], ["my_plan.py"]),
        (["--recipe", "my_plan:other"], ["my_colours.py", "my_plan.py"]),
        (["--vary", "measure.embedding=my_colours:mean,my_plan:mean"], ["my_colours.py", "my_plan.py"]),
        (["--measure.samples", "19"], []),
        (["--own-network", "my_colours:mean"], ["my_colours.py"]),
        (["--own-network=my_plan:mine", "--measure.embedding", "my_colours:mean"], ["my_colours.py", "my_plan.py"]),
    ],
)
def test_the_files_of_a_users_functions_are_sent_with_a_job(words, files, tmp_path, monkeypatch):
    (tmp_path / "my_colours.py").write_text("def mean(images):\n    return images.mean((1, 2))\n")
    (tmp_path / "my_plan.py").write_text(PLAN)
    monkeypatch.chdir(tmp_path)
    for name in ("my_colours", "my_plan"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    sent = []
    monkeypatch.setattr(submit, "submit", lambda words, run, address, wait, sources: sent.extend(sources))
    cli.main(["submit", "measure", "--run", "/somewhere", *words])
    assert sorted(path.name for path in sent) == files
    assert {path.parent for path in sent} <= {tmp_path}


@pytest.mark.parametrize("option", ["--weights", "--init-weights"])
def test_a_file_that_the_job_would_not_find_is_refused(option, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.pth").write_bytes(b"")
    sent = []
    monkeypatch.setattr(submit, "submit", lambda words, run, address, wait, sources: sent.append(words))
    with pytest.raises(SystemExit):
        cli.main(["submit", "run", "--run", "/somewhere", option, "mine.pth"])
    assert f"{option} is 'mine.pth'; a job runs elsewhere: give a full path or URI" in capsys.readouterr().err
    for place in ("/data/mine.pth", "s3://bucket/mine.pth", "IMAGENET1K_V1"):
        cli.main(["submit", "run", "--run", "/somewhere", option, place])
        assert sent.pop()[-2:] == [option, place]
