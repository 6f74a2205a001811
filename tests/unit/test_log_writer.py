"""telemetry.lines.writer: lines get out in order, or are counted; whoever hands one over never waits."""

import os
from collections.abc import Iterator
from threading import Thread

import pytest

from dispatcher.telemetry.lines.writer import LineWriter
from tests.support.pipes import Pipe, open_pipe

WAIT = 60.0  # to catch a hang


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe; tests may close its ends."""
    with open_pipe() as found:
        yield found


def test_in_order(pipe: Pipe) -> None:
    """As they were handed over, each once, and all of them before it is closed."""
    writer = LineWriter(pipe.into.fileno())
    lines = [f"line {n} é\n" for n in range(100)]
    for line in lines:
        writer.write(line)
    writer.close(WAIT)
    pipe.into.close()

    assert pipe.read(len("".join(lines).encode())).decode() == "".join(lines)
    assert writer.take_lost() == 0


def test_a_reader_that_stands_still(pipe: Pipe) -> None:
    """What is handed over waits, up to a limit, then it is counted; once it is read again, so is what waited."""
    filler = pipe.fill()
    writer = LineWriter(pipe.into.fileno(), most=500)
    for n in range(1000):
        writer.write(f"{n:09}\n")
    unheard = writer.take_lost()
    reader = Thread(target=pipe.read, args=(filler,))
    reader.start()
    writer.flush(WAIT)
    reader.join(WAIT)
    lost = writer.take_lost()
    writer.close(WAIT)
    pipe.into.close()
    written = pipe.read(10 * (1000 - lost)).decode().split()

    assert unheard == 0  # nobody could read it
    assert lost >= 1000 - 2 * 50  # what waits, and what is being written
    assert written == [f"{n:09}" for n in range(len(written))]
    assert os.read(pipe.out.fileno(), 1) == b""


def test_a_reader_that_is_gone(pipe: Pipe) -> None:
    """A broken pipe, or a descriptor that is closed: counted, and nothing is raised."""
    pipe.out.close()
    writer = LineWriter(pipe.into.fileno())
    for n in range(10):
        writer.write(f"{n}\n")
    writer.flush(WAIT)

    assert writer.take_lost() == 0  # it could not be told
    writer.close(WAIT)


def test_a_pipe_that_does_not_block(pipe: Pipe) -> None:
    """Somebody who shares the terminal may have made it so: it is waited for all the same."""
    filler = pipe.fill()
    os.set_blocking(pipe.into.fileno(), False)
    writer = LineWriter(pipe.into.fileno())
    writer.write("late\n")
    found = pipe.read(filler + 5)
    writer.close(WAIT)

    assert found[-5:] == b"late\n"


def test_an_end_while_nobody_reads(pipe: Pipe) -> None:
    """It does not wait longer for the reader than it is told to."""
    filler = pipe.fill()
    writer = LineWriter(pipe.into.fileno())
    writer.write("late\n")
    writer.flush(0.01)
    writer.close(0.01)

    assert pipe.read(filler + 5)[-5:] == b"late\n"


def test_lines_that_could_not_be_made(pipe: Pipe) -> None:
    """They count as lost."""
    writer = LineWriter(pipe.into.fileno())
    writer.lose()
    writer.close(WAIT)

    assert (writer.take_lost(), writer.take_lost()) == (1, 0)
