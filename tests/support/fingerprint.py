"""Writes the fingerprint of sql_functions/ into the newest marker migration (make fingerprint).

A migration with a line `-- fingerprint: ...` marks that functions changed: with it pending, `yoyo apply` alone loads
them.
"""

import re
from pathlib import Path

from dispatcher.migrate import data_folder, post_apply

LINE = re.compile(r"(?m)^-- fingerprint: (\S+)$")


def marker() -> Path:
    """The newest migration that carries a fingerprint."""
    migrations = sorted((data_folder() / "migrations").glob("[0-9]*.sql"))
    return [file for file in migrations if LINE.search(file.read_text(encoding="utf-8"))][-1]


def main() -> None:
    """Write it."""
    text = marker().read_text(encoding="utf-8")
    marker().write_text(LINE.sub(f"-- fingerprint: {post_apply().fingerprint()}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
