"""Questions to every node of the connected cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

Answer = TypeVar("Answer")

ANSWER_SECONDS = 120.0
"""For all nodes together to answer; a node that has to start a worker takes seconds."""


def other_nodes() -> list[dict[str, Any]]:
    """Ray's descriptions of the nodes that are alive, without the one that this process runs on."""
    import ray

    own = ray.get_runtime_context().get_node_id()
    return [node for node in ray.nodes() if node["Alive"] and node["NodeID"] != own]


def answers(question: Callable[..., Answer], *arguments: Any) -> Iterator[tuple[str, Answer]]:
    """Yield the host name and `question(*arguments)` of every other node that answers in time.

    A node that is lost meanwhile gives no answer.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ask = ray.remote(num_cpus=0, max_retries=0)(question)
    asked = {}
    for node in other_nodes():
        there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        asked[ask.options(scheduling_strategy=there).remote(*arguments)] = node["NodeManagerHostname"]
    if not asked:
        return
    answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=ANSWER_SECONDS)
    for answer in answered:
        try:
            value = ray.get(answer)
        except ray.exceptions.RayTaskError:
            raise
        except ray.exceptions.RayError:
            continue
        yield asked[answer], value
