"""The schema is what the checked-in description says."""

from pathlib import Path

import psycopg

from tests.support.schema import describe

DUMP = Path(__file__).parent / "schema.txt"


def test_schema(database_url: str) -> None:
    """On every version: a change of the schema is a change of schema.txt, made by `make schema-dump`, and reviewed."""
    expected = DUMP.read_text(encoding="utf-8")

    with psycopg.connect(database_url) as connection:
        actual = describe(connection)

    assert actual == expected
