from dataclasses import replace

import pytest

from lp_core.config import SettingError
from tasks.cluster import Cluster, preflight

TWO_NODES = Cluster(cpus=8, gpus=2.0, is_local=False, tasks_at_once=16, node_cpus=4.0, node_gpus=1.0)
NO_GPU = replace(TWO_NODES, gpus=0.0, node_gpus=0.0)


def test_what_fits_is_let_through(small_recipe):
    preflight(TWO_NODES, replace(small_recipe, train=replace(small_recipe.train, workers=2, cpus_per_worker=3)))
    preflight(TWO_NODES, replace(small_recipe, scan=replace(small_recipe.scan, gpus_per_task=0.5)))
    preflight(NO_GPU, replace(small_recipe, train=replace(small_recipe.train, workers=4)))


@pytest.mark.parametrize(
    ("cluster", "train", "scan", "says"),
    [
        (TWO_NODES, {"workers": 3}, {}, "train.workers is 3, but the cluster has 2 GPUs"),
        (NO_GPU, {"workers": 4, "cpus_per_worker": 2}, {}, "leave none of the cluster's 8 CPUs to read images with; 9"),
        (NO_GPU, {"cpus_per_worker": 5}, {}, "train.cpus-per-worker is 5, but no node has more than 4 CPUs"),
        (TWO_NODES, {}, {"gpus_per_task": 2.0}, "scan.gpus-per-task is 2, but no node has more than 1 GPUs"),
        (NO_GPU, {}, {"gpus_per_task": 0.1}, "scan.gpus-per-task is 0.1, but no node has more than 0 GPUs"),
    ],
)
def test_what_no_cluster_can_give_is_refused_in_a_line(small_recipe, cluster, train, scan, says):
    recipe = replace(small_recipe, train=replace(small_recipe.train, **train), scan=replace(small_recipe.scan, **scan))
    with pytest.raises(SettingError) as error:
        preflight(cluster, recipe)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
