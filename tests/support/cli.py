"""The command line as users run it: a process, its exit code and what it prints."""

import subprocess
import sys
from dataclasses import dataclass

from tests.support.process import ROOT, clean_environment

URL = "OUTBOUND_WEBHOOKS_DATABASE_URL"


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


def cli(*arguments: str, **env: str) -> Finished:
    """Run `python -m dispatcher` with these arguments and this environment."""
    done = subprocess.run(
        [sys.executable, "-m", "dispatcher", *arguments],
        cwd=ROOT,
        env=clean_environment(**env),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def refused(done: Finished, *texts: str) -> bool:
    """Whether a command was refused: code 2, these texts, no traceback, nothing on standard output."""
    return done.code == 2 and done.out == "" and "Traceback" not in done.err and all(text in done.err for text in texts)
