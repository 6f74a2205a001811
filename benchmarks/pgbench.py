"""One run of pgbench, the warm-up left out of the count."""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass

from benchmarks.server import DATABASE, Bench
from benchmarks.variants import ROWS, WRITER, Operation
from dispatcher.demo.embedded import PORT, SUPERUSER

SECONDS = 2
WARM_UP_SECONDS = 1  # connecting, loading catalogs, planning: reported by the first line of progress


class PgbenchFailed(Exception):
    """pgbench ended with an error, or said something that is not understood here."""


class NothingMeasured(Exception):
    """Its time was over before the warm-up was: that begins to run before its sessions connect."""


@dataclass(frozen=True)
class Run:
    """What a run did: statements a second after the warm-up, and statements in all."""

    rate: float
    statements: int


def run(bench: Bench, operation: Operation, variant: str, clients: int, synchronous_commit: str) -> Run:
    """Run an operation from so many sessions at once, one transaction each time, with prepared statements."""
    script = f"\\set id random(1, {ROWS})\n{operation.on(variant, ':id')};\n"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        process = subprocess.run(
            [
                bench.programs / "pgbench", "--no-vacuum", "--protocol=prepared", f"--file={file.name}",
                f"--client={clients}", f"--jobs={min(clients, os.cpu_count() or 1)}",
                f"--time={SECONDS}", f"--progress={WARM_UP_SECONDS}",
                f"--host={bench.socket_folder}", f"--port={PORT}", f"--username={SUPERUSER}", DATABASE,
            ],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PGOPTIONS": f"-c synchronous_commit={synchronous_commit} -c role={WRITER}"},
        )  # fmt: skip
    if process.returncode != 0:
        raise PgbenchFailed(process.stderr)
    return parse(process.stdout, process.stderr)


def parse(output: str, progress: str) -> Run:
    """What pgbench wrote to standard output and to standard error, as a run without its warm-up.

    Raises:
        NothingMeasured: there is nothing but the warm-up, or not even that.
        PgbenchFailed: it wrote something else.
    """
    statements = re.search(r"transactions actually processed: (\d+)", output)
    rate = re.search(r"tps = ([\d.]+) \(without initial connection time\)", output)
    warm_up = re.search(r"progress: ([\d.]+) s, ([\d.]+) tps", progress)
    if statements and int(statements[1]) == 0:
        raise NothingMeasured(output)
    if not (statements and rate and warm_up):
        raise PgbenchFailed(f"{output}\n{progress}")
    total = int(statements[1])
    seconds = total / float(rate[1])
    warm_up_seconds, warm_up_rate = float(warm_up[1]), float(warm_up[2])
    if seconds <= warm_up_seconds:
        raise NothingMeasured(output)
    return Run((total - warm_up_seconds * warm_up_rate) / (seconds - warm_up_seconds), total)
