"""Lines to a file descriptor, from a thread of its own: a reader that stands still, or is gone, holds nobody up."""

import os
import select
import threading
from collections import deque

MOST_CHARACTERS = 4_000_000  # that wait to be written


class LineWriter:
    """Writes what it is handed, in order; what may not have got through is counted.

    It writes to the descriptor and not to sys.stderr: a thread that is stuck in there takes its lock with it, and the
    interpreter dies of that when it ends.
    """

    def __init__(self, fd: int, most: int = MOST_CHARACTERS) -> None:
        self._fd = fd
        self._most = most
        self._waiting: deque[str] = deque()
        self._size = 0
        self._lost = 0
        self._gets_through = True  # as far as is known
        self._writing = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Hand over a line, with its line break; returns at once."""
        with self._changed:
            if self._size + len(line) > self._most:
                self._lost += 1
                self._gets_through = False  # until the next batch does
                return
            self._waiting.append(line)
            self._size += len(line)
            self._changed.notify_all()

    def lose(self) -> None:
        """Count a line that could not even be made."""
        with self._changed:
            self._lost += 1

    def take_lost(self) -> int:
        """How many lines were lost since this was asked last, once lines get through again; until then 0."""
        with self._changed:
            lost, self._lost = (self._lost, 0) if self._gets_through else (0, self._lost)
            return lost

    def flush(self, timeout: float) -> None:
        """Wait until everything is written, for so many seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._writing, timeout)

    def close(self, timeout: float) -> None:
        """Write what waits, for so many seconds at most, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def _run(self) -> None:
        while lines := self._next():
            # One by one: what others write to the same pipe comes between two lines, not into one.
            lost = sum(not self._write_out(line.encode(errors="backslashreplace")) for line in lines)
            with self._changed:
                self._writing, self._gets_through = False, not lost
                self._lost += lost
                self._changed.notify_all()

    def _next(self) -> list[str]:
        """All lines that wait, once there are some; none, if there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            lines = list(self._waiting)
            self._waiting.clear()
            self._size = 0
            self._writing = bool(lines)
            return lines

    def _write_out(self, text: bytes) -> bool:
        """Whether all of it got through."""
        try:
            while text:
                try:
                    text = text[os.write(self._fd, text) :]
                except BlockingIOError:  # somebody who shares the terminal made it so
                    select.select([], [self._fd], [])
        except OSError:
            return False
        return True
