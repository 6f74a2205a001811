"""migrate, generate-master-key: what an installation needs."""

import argparse
import base64
import secrets

import psycopg

from dispatcher import config
from dispatcher.core.sealing import KEY_BYTES
from dispatcher.migrate import migrate as migrate_database


def migrate(_: argparse.Namespace) -> None:
    """Install or upgrade the schema in the database."""
    url = config.load().libpq_url()
    psycopg.connect(url, connect_timeout=10).close()
    done = migrate_database(url)
    for name in done.applied:
        print(f"applied {name}")
    print(f"loaded the SQL functions, fingerprint {done.fingerprint[:12]}")


def generate_master_key(_: argparse.Namespace) -> None:
    """Print a new master key for OUTBOUND_WEBHOOKS_MASTER_KEYS."""
    key_id = "k" + secrets.token_hex(3)
    print(f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}")
