"""A process that runs other people's scripts keeps its environment and memory to itself.

Scripts run as the worker's user, and the kernel lets a user look into its own processes: `/proc/<worker>/environ`
holds credentials. A process that is not dumpable cannot be looked into, except by root. What it starts is
dumpable again as soon as it runs another program. Only Linux has this; elsewhere nothing happens.
"""

from __future__ import annotations

import logging
import os
import sys

_PR_SET_DUMPABLE = 4  # <linux/prctl.h>

_operator = logging.getLogger(__name__)


def close_to_scripts() -> None:
    """From now on nobody but root reads this process's environment and memory, or traces it."""
    if sys.platform != "linux":
        return
    import ctypes

    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        reason = os.strerror(ctypes.get_errno())
        _operator.warning("scripts may read this process's environment, the kernel refused to close it: %s", reason)
