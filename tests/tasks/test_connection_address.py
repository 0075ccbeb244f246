"""Where a command connects to, and that it says so."""

import socket

import pytest

from lp_core.errors import LogpolarError
from tasks.connection import connected


@pytest.fixture
def nobody():
    """HOST:PORT where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    return address


def refusal(address):
    with pytest.raises(LogpolarError) as error, connected(address):
        pass
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dashboards_address_is_explained(monkeypatch, capsys, scheme):
    url = f"{scheme}://10.0.0.1:8265"
    monkeypatch.setenv("RAY_ADDRESS", url)
    message = refusal(None)
    assert f"no Ray cluster at address '{url}' (from RAY_ADDRESS): that is a dashboard's" in message
    assert f"`logpolar submit VERB --address {url}`" in message
    assert "RAY_ADDRESS=HOST:PORT, or unset it to start Ray on this machine" in message
    assert "with --address HOST:PORT" in refusal(url)
    assert capsys.readouterr().out == ""


def test_what_is_connected_to_is_said_with_who_named_it(monkeypatch, capsys, nobody):
    monkeypatch.setenv("RAY_ADDRESS", nobody)
    for option, source in ((None, "RAY_ADDRESS"), ("auto", "RAY_ADDRESS"), (nobody, "--address")):
        message = refusal(option)
        assert f"no Ray cluster at address '{nobody}' (from {source}) ([Errno 111] Connection refused)" in message
        assert capsys.readouterr().out == f"connecting to Ray at {nobody} (from {source})\n"


def test_a_cluster_that_has_ended_is_refused_at_once(monkeypatch, tmp_path, nobody):
    """What `ray start` left when it was killed."""
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(nobody)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setattr("ray._private.services.find_gcs_addresses", set)  # other tests may have started some
    message = refusal("auto")
    assert (
        f"no Ray cluster at address '{nobody}' (from --address), which an earlier `ray start` left ([Errno 111]"
        in message
    )
    assert f"no Ray cluster at address 'ray://{nobody}' (from --address) ([Errno 111]" in refusal(f"ray://{nobody}")


@pytest.mark.parametrize("address", ["nonsense://10.0.0.1:6379", "10.0.0.1"])
def test_rays_reason_is_kept(address):
    """Ray's own words, all of them: they end with what to do."""
    assert f"no Ray cluster at address '{address}' (from --address) (" in refusal(address)


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({}, "http://127.0.0.1:8265"),
        ({"RAY_ADDRESS": "http://there:8265"}, "http://there:8265"),
        ({"RAY_ADDRESS": "there:6379"}, "http://127.0.0.1:8265"),
        ({"RAY_ADDRESS": "http://there:8265", "RAY_API_SERVER_ADDRESS": "http://here:1"}, "http://here:1"),
    ],
)
def test_jobs_are_submitted_to_the_address_that_rays_commands_use(monkeypatch, variables, address):
    from workflows import cli, submit

    for name in ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    asked = []
    monkeypatch.setattr(submit, "submit", lambda words, run, address, wait, sources: asked.append(address))
    cli.main(["submit", "train", "--run", "/somewhere"])
    assert asked == [address]
