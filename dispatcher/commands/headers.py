"""headers set, list, authorize: what an endpoint's requests carry beside what all carry.

Values come from a file or from standard input: what stands in a command line is seen by others on the machine.
"""

import argparse
import getpass
import json
import sys
from pathlib import Path

from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import UsageError, open_transaction
from dispatcher.commands.switching import aligned
from dispatcher.core.headers import HeaderRefused, check_headers

STANDARD_INPUT = "-"


def add_parsers(parsers: Parsers) -> None:
    """Add the commands, which are those of `headers`."""
    headers = parsers.add_parser("headers", help="Add headers to the requests to an endpoint.").add_subparsers(
        required=True, metavar="COMMAND"
    )
    added = add_parser(
        headers, "set", set_headers, "Set the headers of an endpoint, in the place of all it has; {} removes them."
    )
    added.add_argument("endpoint", type=at_least_one, help="its id")
    added.add_argument(
        "--file",
        default=STANDARD_INPUT,
        help='a JSON object of names and values, such as {"x-api-key": "..."} (default: standard input)',
    )
    added = add_parser(headers, "list", list_headers, "List the headers of an endpoint, without what they hold.")
    added.add_argument("endpoint", type=at_least_one, help="its id")
    added = add_parser(headers, "authorize", authorize, "Set the authorization header of an endpoint.")
    added.add_argument("endpoint", type=at_least_one, help="its id")
    added.add_argument("scheme", choices=["basic", "bearer"])
    added.add_argument("--user", help="of basic")
    added.add_argument("--file", default=STANDARD_INPUT, help="holds the password or token (default: standard input)")


def set_headers(arguments: argparse.Namespace) -> None:
    """Set all headers of an endpoint."""
    headers = read_headers(arguments.file)
    with open_transaction() as connection:
        connection.execute(
            "select outbound_webhooks.set_headers(%s, %s::text::jsonb)", (arguments.endpoint, json.dumps(headers))
        )
    print(f"endpoint {arguments.endpoint} has headers of its own: {', '.join(sorted(headers)) or 'none'}")


def list_headers(arguments: argparse.Namespace) -> None:
    """List the headers of an endpoint: since when, and how each is kept."""
    with open_transaction() as connection:
        rows = connection.execute(
            "select h.name, to_char(h.set_at, 'YYYY-MM-DD HH24:MI:SSOF'),"
            " coalesce('with master key ' || h.sealed_with, 'not yet')"
            " from outbound_webhooks.list_headers(%s) as h",
            (arguments.endpoint,),
        ).fetchall()
    if not rows:
        raise UsageError(f"there is no endpoint {arguments.endpoint}, or it has no headers of its own")
    for line in aligned([("header", "since", "sealed"), *rows]):
        print(line)


def authorize(arguments: argparse.Namespace) -> None:
    """Set the authorization header of an endpoint."""
    secret = _read_secret(arguments.file)
    with open_transaction() as connection:
        connection.execute(
            "select outbound_webhooks.set_authorization(%s, %s, %s, %s)",
            (arguments.endpoint, arguments.scheme, arguments.user, secret),
        )
    print(f"requests to endpoint {arguments.endpoint} have {arguments.scheme} authorization")


def read_headers(file: str) -> dict[str, str]:
    """The headers that a file holds, or standard input for `-`, checked.

    Raises:
        UsageError: it is no JSON object of texts, or a header cannot be sent; the message holds no value.
    """
    try:
        pairs = json.loads(_read(file), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        # What stands at that place is not shown, nor is the document.
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(f"the headers are not JSON{where}") from None
    if not isinstance(pairs, _Pairs) or not all(isinstance(value, str) for _, value in pairs):
        raise UsageError("headers are a JSON object of names and texts")
    try:
        return check_headers(pairs)
    except HeaderRefused as error:
        raise UsageError(f"{error} ({error.code})") from None


class _Pairs(list[tuple[str, str]]):
    """A JSON object that keeps a name that it has twice."""


def _read_secret(file: str) -> str:
    """A password or token: all that the file holds, but for the end of the line."""
    if file == STANDARD_INPUT and sys.stdin.isatty():
        return getpass.getpass("password or token: ")
    return _read(file).removesuffix("\n").removesuffix("\r")


def _read(file: str) -> str:
    try:
        return (sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()).decode()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8") from None
