"""capture, switches: what is on and off."""

import argparse
from collections.abc import Sequence

from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import open_transaction


def add_parsers(parsers: Parsers) -> None:
    """Add the commands."""
    added = add_parser(parsers, "capture", capture, "Turn capture on or off.")
    added.add_argument("switch", choices=["on", "off"])
    added.add_argument("--source", help="only this event source; all by default")
    add_parser(parsers, "switches", switches, "Show what is switched on and off, since when and by whom.")


def capture(arguments: argparse.Namespace) -> None:
    """Turn capture on or off."""
    with open_transaction() as connection:
        connection.execute("select outbound_webhooks.set_capture(%s, %s)", (arguments.switch == "on", arguments.source))
    print(f"capture is {arguments.switch}" + (f" for {arguments.source}" if arguments.source else ""))


def switches(_: argparse.Namespace) -> None:
    """Show what is on and off, since when and by whom."""
    with open_transaction() as connection:
        rows = connection.execute(
            "select switch, scope, case when is_on then 'on' else 'off' end,"
            " coalesce(to_char(since, 'YYYY-MM-DD HH24:MI:SSOF'), ''), coalesce(changed_by, '')"
            " from outbound_webhooks.switches"
        ).fetchall()
    for line in aligned([("switch", "scope", "is", "since", "changed by"), *rows]):
        print(line)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a small table: each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
