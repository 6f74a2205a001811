"""generate-master-key: the key that seals the endpoints' signing keys."""

import argparse
import base64
import secrets

from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.core.sealing import KEY_BYTES


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    add_parser(
        parsers,
        "generate-master-key",
        generate_master_key,
        "Print a new master key for OUTBOUND_WEBHOOKS_MASTER_KEYS.",
    )


def generate_master_key(_: argparse.Namespace) -> None:
    """Print a new master key for OUTBOUND_WEBHOOKS_MASTER_KEYS."""
    key_id = "k" + secrets.token_hex(3)
    print(f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}")
