"""api-keys create, list, revoke: the keys of machines that call the admin API."""

import argparse
import secrets
import sys

from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import UsageError, open_transaction
from dispatcher.commands.switching import aligned
from dispatcher.core.access import Role
from dispatcher.core.credentials import RANDOM_BYTES, digest, secret_text, write_api_key


def add_parsers(parsers: Parsers) -> None:
    """Add the commands, which are those of `api-keys`."""
    keys = parsers.add_parser("api-keys", help="Keys of machines that call the admin API.").add_subparsers(
        required=True, metavar="COMMAND"
    )
    created = add_parser(keys, "create", create, "Create an API key; prints it, once.")
    created.add_argument("--role", required=True, choices=[role.value for role in Role], help="what it may do")
    created.add_argument("--clinic", help="the clinic that it is for; an operator's has none")
    created.add_argument("--description", default="", help="for people: which machine has it")
    created.add_argument(
        "--expires-days", type=at_least_one, metavar="N", help="valid for so long; for ever by default"
    )
    listed = add_parser(keys, "list", list_keys, "List API keys, without the keys.")
    listed.add_argument("--clinic", help="only those of this clinic")
    revoked = add_parser(keys, "revoke", revoke, "Let nobody in any more with an API key.")
    revoked.add_argument("key", type=at_least_one, help="its id, as `api-keys list` has it")


def create(arguments: argparse.Namespace) -> None:
    """Create an API key; print it, once. The database gets its digest, and never the key."""
    if (arguments.role == Role.OPERATOR) != (arguments.clinic is None):
        raise UsageError("an operator's key has no --clinic, every other one needs it")
    secret = secret_text(secrets.token_bytes(RANDOM_BYTES))
    with open_transaction() as connection:
        row = connection.execute(
            "select outbound_webhooks.create_api_key(%s, %s, %s, %s, make_interval(days => %s::integer))",
            (arguments.role, digest(secret), arguments.clinic, arguments.description, arguments.expires_days),
        ).fetchone()
    assert row is not None
    print(f"API key {row[0]}")
    print(write_api_key(row[0], secret))
    print("the key is not shown again: give it to the machine that calls", file=sys.stderr)


def list_keys(arguments: argparse.Namespace) -> None:
    """List the API keys: whose each is, whether it is valid, when it was used."""
    with open_transaction() as connection:
        rows = connection.execute(
            "select k.api_key_id::text, coalesce(k.clinic_id, 'all'), k.role,"
            " case when k.is_live then 'yes' when k.revoked_at is null then 'expired' else 'revoked' end,"
            " to_char(k.created_at, 'YYYY-MM-DD HH24:MI:SSOF'),"
            " coalesce(to_char(k.expires_at, 'YYYY-MM-DD HH24:MI:SSOF'), ''),"
            " coalesce(to_char(k.last_used_at, 'YYYY-MM-DD HH24:MI:SSOF'), ''), k.description"
            " from outbound_webhooks.list_api_keys(%s) as k order by k.api_key_id",
            (arguments.clinic,),
        ).fetchall()
    if not rows:
        print("there are no API keys" + (f" of clinic {arguments.clinic}" if arguments.clinic else ""))
        return
    for line in aligned([("key", "clinic", "role", "valid", "since", "until", "last used", "description"), *rows]):
        print(line)


def revoke(arguments: argparse.Namespace) -> None:
    """Revoke an API key."""
    with open_transaction() as connection:
        connection.execute("select outbound_webhooks.revoke_api_key(%s)", (arguments.key,))
    print(f"API key {arguments.key} is revoked: nobody is let in with it any more, nor by a portal session of it")
