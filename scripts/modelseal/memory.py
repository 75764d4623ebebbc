"""Keep what this process holds in memory to itself: keys and tokens must not lie about in a core file.

https://man7.org/linux/man-pages/man5/core.5.html
"""

import logging
import resource
import sys

logger = logging.getLogger(__name__)

_PR_SET_DUMPABLE = 4


def without_core_files() -> None:
    """Let no core file be written of this process when it crashes, nor of the programs that it starts.

    `scripts/run` has set the limit before; here it is set for whoever comes another way.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def unreadable() -> None:
    """Let no other process of the same user read this one's memory, and no collector be given it after a crash.

    A collector (`|` in `core_pattern`) is given it in spite of the limit. Only on Linux; the programs that are started
    are readable again, and are given no secret.
    """
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - only where there are secrets: it takes 5 milliseconds

    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        logger.warning(
            "the memory of this process can be read by others of the same user (error %d)", ctypes.get_errno()
        )
