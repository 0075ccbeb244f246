"""The files of cluster/: what Ray and KubeRay accept, and what we promise of all of them."""

import copy
import re
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "cluster"
LAUNCHED = ("aws", "gcp", "on_prem")
KUBERAY = ("kuberay-raycluster", "kuberay-rayjob")

POD = {
    "spec": {
        "restartPolicy": str,
        "serviceAccountName": str,
        "tolerations": [{"key": str, "operator": str, "effect": str}],
        "containers": [
            {
                "name": str,
                "image": str,
                "resources": {"requests": dict, "limits": dict},
                "volumeMounts": [{"name": str, "mountPath": str}],
            }
        ],
        "volumes": [{"name": str, "emptyDir": {"medium": str, "sizeLimit": str}}],
    }
}
RAY_CLUSTER = {
    "rayVersion": str,
    "enableInTreeAutoscaling": bool,
    "autoscalerOptions": {"version": str, "upscalingMode": str, "idleTimeoutSeconds": int},
    "authOptions": {"mode": str},
    "headGroupSpec": {"rayStartParams": dict, "template": POD},
    "workerGroupSpecs": [
        {
            "groupName": str,
            "replicas": int,
            "minReplicas": int,
            "maxReplicas": int,
            "rayStartParams": dict,
            "template": POD,
        }
    ],
}
KINDS = {
    "RayCluster": RAY_CLUSTER,
    "RayJob": {
        "entrypoint": str,
        "submissionMode": str,
        "backoffLimit": int,
        "shutdownAfterJobFinishes": bool,
        "ttlSecondsAfterFinished": int,
        "runtimeEnvYAML": str,
        "rayClusterSpec": RAY_CLUSTER,
    },
}
"""Fields that we use of the operator's ray.io/v1. Source: KubeRay 1.6, ray-operator/apis/ray/v1/*_types.go."""


def read(name: str) -> dict:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())


def launcher_faults(config: dict) -> str | None:
    """What Ray's own check of a cluster file says; None if it accepts it."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = copy.deepcopy(config)
    try:
        # The simulated provider's defaults are not in Ray's wheel; its file is complete.
        validate_config(config if config["provider"]["type"] == "fake_multinode" else prepare_config(config))
    except Exception as error:
        return str(error)
    return None


def field_faults(value: object, expected: object, place: str) -> Iterator[str]:
    """Fields that are unknown or of another type."""
    if isinstance(expected, dict) and isinstance(value, dict):
        for key, inner in value.items():
            if key in expected:
                yield from field_faults(inner, expected[key], f"{place}.{key}")
            else:
                yield f"{place}.{key} is unknown"
    elif isinstance(expected, list) and isinstance(value, list):
        for at, one in enumerate(value):
            yield from field_faults(one, expected[0], f"{place}[{at}]")
    elif not isinstance(expected, type) or not isinstance(value, expected):
        yield f"{place} is {value!r}"


@pytest.mark.parametrize("name", [*LAUNCHED, "simulated"])
def test_ray_accepts_the_file(name):
    assert launcher_faults(read(name)) is None


@pytest.mark.parametrize("name", [*LAUNCHED, "simulated"])
@pytest.mark.parametrize("change", [{"idle_time": 5}, {"max_workers": "many"}])
def test_ray_refuses_what_it_does_not_know(name, change):
    assert launcher_faults(read(name) | change)


@pytest.mark.parametrize("name", KUBERAY)
def test_the_operator_knows_every_field(name):
    manifest = read(name)
    assert set(manifest) == {"apiVersion", "kind", "metadata", "spec"}
    assert manifest["apiVersion"] == "ray.io/v1"
    assert list(field_faults(manifest["spec"], KINDS[manifest["kind"]], manifest["kind"])) == []


def test_unknown_fields_are_found():
    spec = read("kuberay-rayjob")["spec"]
    spec["rayClusterSpec"]["workerGroupSpecs"][0]["maxReplica"] = 3
    spec["backoffLimit"] = "5"
    assert list(field_faults(spec, KINDS["RayJob"], "RayJob")) == [
        "RayJob.backoffLimit is '5'",
        "RayJob.rayClusterSpec.workerGroupSpecs[0].maxReplica is unknown",
    ]


@pytest.mark.parametrize("name", LAUNCHED)
def test_every_start_has_a_token_and_a_local_dashboard(name):
    config = read(name)
    starts = [
        line
        for key in ("head_start_ray_commands", "worker_start_ray_commands")
        for line in config[key]
        if "ray start" in line
    ]
    assert len(starts) == 2
    assert all("RAY_AUTH_MODE=token" in line for line in starts)
    assert "--dashboard-host=127.0.0.1" in starts[0]
    assert any(path.endswith(".ray/auth_token") for path in config["file_mounts"])


@pytest.mark.parametrize("name", KUBERAY)
def test_kuberay_has_a_token_and_our_ray(name):
    spec = read(name)["spec"]
    cluster = spec.get("rayClusterSpec", spec)
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["rayVersion"] == version("ray")
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


def test_nothing_listens_everywhere_and_no_secret_is_written():
    for file in FOLDER.iterdir():
        text = file.read_text()
        assert "0.0.0.0" not in text, file
        assert not re.search(r"(?i)(secret_access_key|password|RAY_AUTH_TOKEN:)\s*[\w\"']", text), file


def test_the_kuberay_files_describe_the_same_cluster():
    cluster, job = read("kuberay-raycluster")["spec"], read("kuberay-rayjob")["spec"]["rayClusterSpec"]
    assert job["workerGroupSpecs"] == cluster["workerGroupSpecs"]


def test_the_entrypoint_is_a_command_that_exists(capsys):
    from workflows.cli import main

    words = read("kuberay-rayjob")["spec"]["entrypoint"].split()
    assert words[:4] == ["python", "-m", "workflows", "run"]
    with pytest.raises(SystemExit) as stopped:
        main(["run", "--recipe", words[words.index("--recipe") + 1], "--help"])
    assert stopped.value.code == 0
    known = capsys.readouterr().out
    assert [word for word in words if word.startswith("--") and word not in known] == []


def test_an_upload_is_small_and_complete(tmp_path):
    """What `ray job submit --working-dir .` sends: under 5 MB, and all that a job needs."""
    from ray._private.runtime_env.packaging import create_package

    upload = tmp_path / "upload.zip"
    create_package(str(FOLDER.parent), upload, include_gitignore=True, include_parent_dir=False, excludes=[])
    assert upload.stat().st_size < 5e6
    names = set(zipfile.ZipFile(upload).namelist())
    assert {"workflows/__main__.py", "lp_core/settings/recipe.py", "tasks/training.py"} <= names
    assert "lp_core/report/templates/gallery.html" in names
    assert not any(name.startswith((".git/", ".venv/", "runs/")) for name in names)
