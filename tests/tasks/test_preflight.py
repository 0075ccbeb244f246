"""`preflight` refuses in one line what no node can give, and waits for what an autoscaler may bring."""

from dataclasses import replace

import pytest

from lp_core.errors import LogpolarError
from tasks.cluster import Cluster
from tasks.preflight import check_tasks, check_workers

TWO_NODES = Cluster(cpus=8, gpus=2.0, is_local=False, grows=False, node_cpus=4.0, node_gpus=1.0)
NO_GPU = replace(TWO_NODES, gpus=0.0, node_gpus=0.0)


def check_resources(cluster, recipe):
    check_workers(cluster, recipe.train)
    check_tasks(cluster, recipe.scan.gpus_per_task)


def test_what_fits_is_let_through(small_recipe):
    check_resources(TWO_NODES, replace(small_recipe, train=replace(small_recipe.train, workers=2, cpus_per_worker=3)))
    check_resources(TWO_NODES, replace(small_recipe, scan=replace(small_recipe.scan, gpus_per_task=0.5)))
    check_resources(NO_GPU, replace(small_recipe, train=replace(small_recipe.train, workers=4)))
    check_resources(TWO_NODES, replace(small_recipe, train=replace(small_recipe.train, workers=4, device="cpu")))


def test_what_an_autoscaler_may_bring_is_waited_for(small_recipe):
    nothing_yet = replace(NO_GPU, cpus=0, node_cpus=0.0, grows=True)
    check_resources(nothing_yet, replace(small_recipe, train=replace(small_recipe.train, workers=4, device="gpu")))
    check_resources(nothing_yet, replace(small_recipe, scan=replace(small_recipe.scan, gpus_per_task=0.5)))


@pytest.mark.parametrize(
    ("cluster", "train", "scan", "says"),
    [
        (TWO_NODES, {"workers": 3}, {}, "train.workers is 3, but the cluster has 2 GPUs"),
        (NO_GPU, {"workers": 4, "cpus_per_worker": 2}, {}, "leave none of the cluster's 8 CPUs to read images with; 9"),
        (NO_GPU, {"cpus_per_worker": 5}, {}, "train.cpus-per-worker is 5, but no node has more than 4 CPUs"),
        (TWO_NODES, {}, {"gpus_per_task": 2.0}, "scan.gpus-per-task is 2, but no node has more than 1 GPUs"),
        (
            replace(NO_GPU, node_cpus=1.0),
            {"workers": 3, "min_workers": 2},
            {},
            "train.cpus-per-worker is 1, and one more is needed to read, but no node has more than 1 CPUs",
        ),
        (
            NO_GPU,
            {"workers": 4, "min_workers": 3, "cpus_per_worker": 2},
            {},
            "8 CPUs to read images with; 9 are needed",
        ),
        (NO_GPU, {"device": "gpu"}, {}, "train.device is gpu, but the cluster has no GPU; give --train.device cpu"),
        (NO_GPU, {}, {"gpus_per_task": 0.1}, "scan.gpus-per-task is 0.1, but no node has more than 0 GPUs"),
    ],
)
def test_what_no_cluster_can_give_is_refused_in_a_line(small_recipe, cluster, train, scan, says):
    recipe = replace(small_recipe, train=replace(small_recipe.train, **train), scan=replace(small_recipe.scan, **scan))
    with pytest.raises(LogpolarError) as error:
        check_resources(cluster, recipe)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_scan_needs_no_place_for_training():
    check_tasks(replace(NO_GPU, cpus=1, node_cpus=1.0), 0.0)
    with pytest.raises(LogpolarError, match="the cluster has no CPU; add a node"):
        check_tasks(replace(NO_GPU, cpus=0, node_cpus=0.0), 0.0)
