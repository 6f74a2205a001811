"""run --workers N: N dispatchers, each a process of its own, and this process, which only watches over them.

It starts nobody anew: when one ends by itself, the others are stopped, and it ends with a code that makes the service
manager restart the lot, with the manager's own limits and pauses.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence

from dispatcher.lifetime import die_with_parent

CANNOT_START = 2
_STOPPING = {signal.SIGTERM, signal.SIGINT}
_AWAITED = {*_STOPPING, signal.SIGCHLD}
# SIGTERM before a child knew what to do about it: it had not begun anything.
_IN_GOOD_ORDER = {0, -signal.SIGTERM}

Child = subprocess.Popen[bytes]


def supervise(count: int) -> int:
    """Run `count` dispatchers until SIGTERM or SIGINT, or until one of them ends by itself; returns the exit code.

    0: asked to stop, and all ended in good order. 1: one ended by itself, or not in good order. 2: one cannot start.
    """
    # Nothing but sigwait takes signals from here on, so that none is missed between a look at the children and a wait.
    # With no action of its own, SIGCHLD might not be kept for sigwait.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    children = [_start(number, mask) for number in range(1, count + 1)]

    first = _ended_by_itself(children)
    if first is not None:
        print(f"outbound-webhooks: {_how(first, children)}; stopping the others", file=sys.stderr, flush=True)
    _stop(children, heard=int(first is None))
    if first is not None:
        return CANNOT_START if first.returncode == CANNOT_START else 1
    for child in children:
        if child.returncode not in _IN_GOOD_ORDER:
            print(f"outbound-webhooks: {_how(child, children)}", file=sys.stderr, flush=True)
    return int(any(child.returncode not in _IN_GOOD_ORDER for child in children))


def _start(number: int, mask: set[signal.Signals | int]) -> Child:
    """Start this program once more, as it was started, but as one of the workers.

    If the supervisor is killed, the kernel tells the worker to stop: in good order, as nothing is wrong with it.
    """
    die = die_with_parent(signal.SIGTERM)

    def prepare() -> None:
        die()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    return subprocess.Popen([sys.executable, *sys.orig_argv[1:], "--as-worker", str(number)], preexec_fn=prepare)


def _ended_by_itself(children: Sequence[Child]) -> Child | None:
    """Wait until a child has ended; None if this process is asked to stop before that."""
    while signal.sigwait(_AWAITED) == signal.SIGCHLD:
        for child in children:
            if child.poll() is not None:
                return child
    return None


def _stop(children: Sequence[Child], heard: int) -> None:
    """Ask all children to stop, and wait until they have; `heard` is how often this process was asked already.

    Whoever asks a second time gets them killed.
    """
    for child in children:
        child.terminate()
    while any(child.poll() is None for child in children):
        heard += signal.sigwait(_AWAITED) in _STOPPING
        if heard > 1:
            for child in children:
                child.kill()


def _how(child: Child, children: Sequence[Child]) -> str:
    """Which child ended, and how."""
    code = child.returncode
    how = f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
    return f"worker {children.index(child) + 1} of {len(children)} (process {child.pid}) {how}"
