"""Pipes whose readers stand still, or are gone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO


@dataclass(frozen=True)
class Pipe:
    """Where it is read, and where it is written."""

    out: FileIO
    into: FileIO

    def read(self, size: int) -> bytes:
        """So many bytes."""
        found = b""
        while len(found) < size:
            found += os.read(self.out.fileno(), size - len(found))
        return found

    def fill(self) -> int:
        """Write until nothing more fits; returns how many bytes that took."""
        size, into = 0, self.into.fileno()
        os.set_blocking(into, False)
        try:
            while True:
                size += os.write(into, b"." * 4096)
        except BlockingIOError:
            os.set_blocking(into, True)
        return size


@contextmanager
def open_pipe() -> Iterator[Pipe]:
    """A pipe; its ends may be closed before."""
    out, into = os.pipe()
    with FileIO(out, "r") as reads, FileIO(into, "w") as writes:
        yield Pipe(reads, writes)
