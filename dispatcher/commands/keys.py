"""rotate-secret, revoke-secret, secrets: the signing keys of endpoints."""

import argparse
import sys

from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import UsageError, open_transaction
from dispatcher.commands.switching import aligned


def add_parsers(parsers: Parsers) -> None:
    """Add the commands."""
    rotated = add_parser(
        parsers, "rotate-secret", rotate_secret, "Give an endpoint a new signing key; prints it, once."
    )
    rotated.add_argument("endpoint", type=at_least_one, help="its id")
    rotated.add_argument(
        "--overlap",
        default="24 hours",
        metavar="TIME",
        help="for how long the keys before it go on signing, too: '2 hours', or 0 (default: 24 hours)",
    )
    revoked = add_parser(parsers, "revoke-secret", revoke_secret, "Sign nothing more with a signing key.")
    revoked.add_argument("secret", type=at_least_one, help="its id, as `secrets` has it")
    listed = add_parser(parsers, "secrets", list_secrets, "List the signing keys of an endpoint, without the keys.")
    listed.add_argument("endpoint", type=at_least_one, help="its id")


def rotate_secret(arguments: argparse.Namespace) -> None:
    """Give an endpoint a new signing key; print it, once."""
    with open_transaction() as connection:
        row = connection.execute(
            "select secret_id, secret from outbound_webhooks.rotate_secret(%s, %s::text::interval)",
            (arguments.endpoint, arguments.overlap),
        ).fetchone()
    assert row is not None
    print(f"secret {row[0]}")
    print(f"signing key {row[1]}")
    print("the key is not shown again: give it to the receiver", file=sys.stderr)


def revoke_secret(arguments: argparse.Namespace) -> None:
    """Revoke a signing key."""
    with open_transaction() as connection:
        connection.execute("select outbound_webhooks.revoke_secret(%s)", (arguments.secret,))
    print(f"secret {arguments.secret} is revoked: within 2 seconds nothing is signed with it any more")


def list_secrets(arguments: argparse.Namespace) -> None:
    """List the signing keys of an endpoint: when each signs, and how it is kept."""
    with open_transaction() as connection:
        rows = connection.execute(
            "select s.secret_id::text, case when s.is_live then 'yes' else 'no' end,"
            " to_char(s.created_at, 'YYYY-MM-DD HH24:MI:SSOF'),"
            " coalesce(to_char(s.valid_until, 'YYYY-MM-DD HH24:MI:SSOF'), ''),"
            " coalesce('with master key ' || s.sealed_with, 'not yet')"
            " from outbound_webhooks.list_secrets(%s) as s",
            (arguments.endpoint,),
        ).fetchall()
    if not rows:
        raise UsageError(f"there is no endpoint {arguments.endpoint}, or it has no signing key")
    for line in aligned([("secret", "signs", "since", "until", "sealed"), *rows]):
        print(line)
