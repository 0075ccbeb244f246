"""What Ray and our bookkeeping cost for a piece of work: pieces that do nothing, on 2, 4 and 8 simulated nodes.

    python -m benchmarks.scheduling [--nodes 2 4 8] [--pieces 1000 10000]

Each node is a raylet of its own with one CPU on this machine: overhead is measured, not speed-up. Seconds are wall
clock after all workers have started; memory is what this process, the driver, has in all.
"""

from __future__ import annotations

import argparse
import json
import logging

import ray
from ray.cluster_utils import Cluster as Simulated

from benchmarks.machine import machine_line, resident_megabytes
from benchmarks.timing import Stopwatch
from tasks.cluster import Cluster
from tasks.pieces import RayTasks


def nothing(number: int) -> int:
    """A piece of work."""
    return number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--pieces", type=int, nargs="+", default=[1000, 10_000])
    args = parser.parse_args()
    for nodes in args.nodes:
        simulated = Simulated(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        try:
            for _ in range(nodes):
                simulated.add_node(num_cpus=1)
            ray.init(address=simulated.address, log_to_driver=False, logging_level=logging.ERROR)
            cluster = Cluster(nodes, 0.0, is_local=False, grows=False, node_cpus=1.0, node_gpus=0.0)
            for _ in RayTasks(cluster).run(nothing, ((number,) for number in range(50 * nodes))):
                pass
            for pieces in args.pieces:
                before = resident_megabytes()
                with Stopwatch() as watch:
                    done = sorted(RayTasks(cluster).run(nothing, ((number,) for number in range(pieces))))
                assert done == list(range(pieces)), "a piece was lost or done twice"
                line = {
                    "nodes": nodes,
                    "pieces": pieces,
                    "ms_a_piece": round(1000 * watch.seconds / pieces, 3),
                    "driver_mb": round(resident_megabytes()),
                    "driver_mb_more": round(resident_megabytes() - before, 1),
                }
                print(json.dumps(line), flush=True)
        finally:
            ray.shutdown()
            simulated.shutdown()
    print(json.dumps({"machine": machine_line()}))  # last: torch would count as memory of the driver


if __name__ == "__main__":
    main()
