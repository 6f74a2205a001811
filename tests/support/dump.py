"""What pg_dump says of a database."""

import shutil
import subprocess
from pathlib import Path

from dispatcher.demo import embedded


def dump(url: str, *options: str) -> str:
    """The text of a dump, but for the two lines that newer versions make different each time."""
    done = subprocess.run(
        [_program(), *options, "--dbname", url], capture_output=True, text=True, timeout=120, check=True
    )
    return "".join(
        line for line in done.stdout.splitlines(keepends=True) if not line.startswith(("\\restrict ", "\\unrestrict "))
    )


def _program() -> Path:
    """pg_dump, the newest that there is: it dumps older servers, too."""
    try:
        return embedded.wheel_programs(18) / "pg_dump"
    except embedded.EmbeddedUnavailable:
        found = shutil.which("pg_dump")
        assert found is not None, "pg_dump is missing: apt install postgresql-client"
        return Path(found)
