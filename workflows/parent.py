"""A command that another command starts ends with it, however that one ends."""

from __future__ import annotations

import os
import sys
import threading

PIPE = "LOGPOLAR_PARENT_PIPE"
"""Variable that names the reading end of a pipe; nobody but the parent holds the writing end."""


def end_with_parent() -> bool:
    """End this process when its parent is gone, also by SIGKILL; do nothing for a command that a person starts.

    Returns whether another command started this one.

    A pipe works on every system; Linux's PR_SET_PDEATHSIG would follow the thread that started the command.
    """
    pipe = os.environ.pop(PIPE, None)
    if pipe is None:
        return False

    def wait() -> None:
        os.read(int(pipe), 1)  # nobody writes: it returns when the writing end is closed
        print("logpolar: the command that started this one is gone, so this one ends too", file=sys.stderr, flush=True)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    return True
