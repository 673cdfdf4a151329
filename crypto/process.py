"""This process's memory stays in memory: it is not written to a core file, nor read by others.

Keys and what was said are in memory while the program runs. A crash would have the system write
all of it to a file, and a debugger of the same user could read it.
"""

from __future__ import annotations

import resource
import sys

_PR_SET_DUMPABLE = 4


def keep_memory_private() -> bool:
    """Turn core files off for this process, for good; whether all that can be done was done.

    The limit is inherited by whatever this process starts. On Linux the process is made not
    dumpable as well: the limit alone does not bind a system that pipes core files to a program,
    and another process of the same user may no longer attach to this one. Elsewhere there is the
    limit alone.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return _undumpable() if sys.platform == "linux" else True


def _undumpable() -> bool:
    import ctypes  # costs milliseconds that a help text need not pay

    return int(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)) == 0
