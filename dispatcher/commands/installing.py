"""migrate: what an installation needs."""

import argparse

import psycopg

from dispatcher import config
from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.migrate import migrate as migrate_database


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    add_parser(parsers, "migrate", migrate, "Install or upgrade the schema in the database.")


def migrate(_: argparse.Namespace) -> None:
    """Install or upgrade the schema in the database."""
    url = config.load().libpq_url()
    psycopg.connect(url, connect_timeout=10).close()
    done = migrate_database(url)
    for name in done.applied:
        print(f"applied {name}")
    print(f"loaded the SQL functions, fingerprint {done.fingerprint[:12]}")
