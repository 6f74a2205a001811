"""Hot loops: what one statement costs the server's processor, without a client, a network or a disk to wait for."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import Bench
from benchmarks.variants import NOTIFYING, OPERATIONS, ROWS, WRITER, Operation

STATEMENTS = 400
WARM_UP_STATEMENTS = 20


@dataclass(frozen=True)
class Loop:
    """An operation on a variant, all in one transaction or each in its own."""

    operation: Operation
    variant: str
    separately: bool


Measured = Mapping[Loop, Sequence[float]]


def all_loops() -> list[Loop]:
    """Every loop there is. The minimal trigger makes events that ours does not, where ours makes none."""
    return [
        Loop(operation, variant, separately)
        for operation in OPERATIONS
        for variant in operation.variants
        if variant != NOTIFYING
        for separately in (False, True)
    ]


def measure(bench: Bench, repetitions: int, progress: Callable[[str], None]) -> Measured:
    """Microseconds of processor time a statement, for every loop and repetition, interleaved."""
    measured: dict[Loop, list[float]] = {loop: [] for loop in all_loops()}
    bench.host.rows("set synchronous_commit = off")
    for repetition in range(repetitions):
        progress(f"hot loops, repetition {repetition + 1} of {repetitions}")
        bench.reset()
        bench.host.rows(f"set role {WRITER}")
        for loop in random.sample(all_loops(), len(measured)):
            measured[loop].append(run(bench, loop))
        bench.host.rows("reset role")
    bench.host.rows("reset synchronous_commit")
    return measured


def run(bench: Bench, loop: Loop) -> float:
    """Microseconds of processor time a statement, once the session has its plans."""
    _run(bench, loop, WARM_UP_STATEMENTS)
    return _run(bench, loop, STATEMENTS)


def _run(bench: Bench, loop: Loop, statements: int) -> float:
    count = max(1, statements // max(1, loop.operation.events))
    statement = loop.operation.on(loop.variant, f"1 + i % {ROWS}")
    body = f"for i in 1..{count} loop {statement}; {'commit;' if loop.separately else ''} end loop;"
    before = _processor_nanoseconds(bench)
    bench.host.rows(f"do $$ begin {body} end $$")
    return (_processor_nanoseconds(bench) - before) / count / 1000


def _processor_nanoseconds(bench: Bench) -> int:
    """What the session's backend has used so far (Linux); waiting for the disk or for others is not in it."""
    return int(Path(f"/proc/{bench.host.connection.info.backend_pid}/schedstat").read_text().split()[0])
