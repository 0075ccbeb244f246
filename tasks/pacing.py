"""A rest for Ray Data's scheduling loop.

While a reader waits because its consumer is slower, Ray 2.60's loop turns without pause: a third of a core, in the very
process that trains (seen with py-spy). Resting between turns costs a few hundredths of a second of latency a batch.
"""

from __future__ import annotations

import time
from typing import Any

from ray.data._internal.execution.execution_callback import ExecutionCallback  # no public name in Ray 2.60

REST_SECONDS = 0.02


class Rest(ExecutionCallback):
    """Sleeps after every turn of the loop."""

    def on_execution_step(self, executor: Any) -> None:
        """Called by Ray Data in its scheduling thread."""
        time.sleep(REST_SECONDS)
