"""payload preview: the body that an event about a row would have."""

import argparse
import re
import sys

from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import open_transaction

PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
OPENING, CLOSING = ("{", "["), ("}", "]")


def add_parsers(parsers: Parsers) -> None:
    """Add the command, which is one of `payload`."""
    payloads = parsers.add_parser("payload", help="Look at payloads.").add_subparsers(required=True, metavar="COMMAND")
    added = add_parser(payloads, "preview", preview, "Print the body that an event about a row would have now.")
    added.add_argument("source", help="the event source")
    added.add_argument("key", help="the row's id")
    added.add_argument("--type", help="the event type; that of an inserted row by default")
    added.add_argument("--raw", action="store_true", help="the exact text, also on a terminal")


def preview(arguments: argparse.Namespace) -> None:
    """Print the body of an event about an existing row: indented on a terminal, otherwise as it would be sent."""
    with open_transaction() as connection:
        row = connection.execute(
            "select outbound_webhooks.preview_payload(%s, %s, %s)", (arguments.source, arguments.key, arguments.type)
        ).fetchone()
    assert row is not None
    print(row[0] if arguments.raw or not sys.stdout.isatty() else indented(row[0]))


def indented(text: str) -> str:
    """JSON text with other white space and nothing else changed: a number keeps its digits, a string its escapes."""
    result, depth, before = "", 0, ""
    for piece in PIECE.findall(text):
        depth -= piece in CLOSING
        # Nothing stands between the brackets of what is empty.
        if before == "," or (before in OPENING) != (piece in CLOSING):
            result += "\n" + "  " * depth
        result += ": " if piece == ":" else piece
        depth += piece in OPENING
        before = piece
    return result
