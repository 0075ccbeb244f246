"""The pace of Ray Data's scheduling loop.

While a reader waits because its consumer is slower, Ray 2.60's loop turns without pause: a third of a core, in the very
process that trains (seen with py-spy). Resting between turns costs a few hundredths of a second of latency a batch.

The loop asks once a second how much of the cluster it may use, first before its request for a share was granted. The
answer is nothing, so it would start no reader for a second.
"""

from __future__ import annotations

import time
from typing import Any

from ray.data._internal.execution.execution_callback import ExecutionCallback  # no public name in Ray 2.60

REST_SECONDS = 0.02


class Pace(ExecutionCallback):
    """Sleeps after every turn of the loop, and lets it ask at once what it may use as long as that is nothing."""

    def on_execution_step(self, executor: Any) -> None:
        """Called by Ray Data in its scheduling thread."""
        time.sleep(REST_SECONDS)
        resources = executor._resource_manager
        if resources.get_global_limits().is_zero():
            resources._global_limits_last_update_time = 0.0
