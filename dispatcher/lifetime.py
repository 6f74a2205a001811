"""Children that do not outlive this process, however it ends."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """What a child runs before its program (`preexec_fn`).

    The kernel sends it `number` when this process is gone, by SIGKILL too (Linux only). A session of its own keeps the
    terminal's Ctrl-C from it: it is told to stop in its turn.
    """
    parent = os.getpid()

    def prepare() -> None:
        os.setsid()
        if sys.platform == "linux":
            pr_set_pdeathsig = 1
            ctypes.CDLL(None).prctl(pr_set_pdeathsig, number)
            if os.getppid() != parent:  # it was gone before the kernel knew whom to tell
                os._exit(1)

    return prepare
