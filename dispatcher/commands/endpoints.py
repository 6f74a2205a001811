"""create-endpoint: a receiver of a clinic."""

import argparse
import sys

from dispatcher.commands.session import open_transaction


def create_endpoint(arguments: argparse.Namespace) -> None:
    """Create an endpoint of a clinic; print its signing key, once."""
    with open_transaction() as connection:
        row = connection.execute(
            "select endpoint_id, secret from outbound_webhooks.create_endpoint(%s, %s, %s)",
            (arguments.clinic, arguments.url, arguments.event_types.split(",")),
        ).fetchone()
    assert row is not None
    print(f"endpoint {row[0]}")
    print(f"signing key {row[1]}")
    print("the key is not shown again: give it to the receiver", file=sys.stderr)
