"""capture, delivery, switches: what is on and off."""

import argparse
from collections.abc import Sequence

from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import open_transaction


def add_parsers(parsers: Parsers) -> None:
    """Add the commands."""
    added = add_parser(parsers, "capture", capture, "Turn capture on or off.")
    added.add_argument("switch", choices=["on", "off"])
    added.add_argument("--source", help="only this event source; all by default")
    added.add_argument("--reason", help="for those who look at it later")
    added = add_parser(parsers, "delivery", delivery, "Turn delivery off or on, for all dispatchers at once.")
    added.add_argument("switch", choices=["on", "off"])
    added.add_argument("--reason", help="for those who look at it later")
    added.add_argument(
        "--rate", type=at_least_one, default=100, help="on: of what waited, so many deliveries a second (default 100)"
    )
    add_parser(parsers, "switches", switches, "Show what is switched on and off, since when, by whom and why.")


def capture(arguments: argparse.Namespace) -> None:
    """Turn capture on or off."""
    with open_transaction() as connection:
        connection.execute(
            "select outbound_webhooks.set_capture(%s, %s, %s)",
            (arguments.switch == "on", arguments.source, arguments.reason),
        )
    print(f"capture is {arguments.switch}" + (f" for {arguments.source}" if arguments.source else ""))


def delivery(arguments: argparse.Namespace) -> None:
    """Turn delivery off or on, for all dispatchers."""
    on = arguments.switch == "on"
    with open_transaction() as connection:
        row = connection.execute(
            "select outbound_webhooks.set_delivery(%s, %s, %s), g.delivering from outbound_webhooks.settings as g",
            (on, arguments.reason, arguments.rate),
        ).fetchone()
    assert row is not None
    waited, delivering = row
    print(f"delivery is {arguments.switch}" + ("" if on else ": what is captured waits until `delivery on`"))
    if waited:
        print(f"{waited} deliveries waited, and are sent at up to {arguments.rate} a second")
    if on and not delivering:
        print("no dispatcher delivers: run one with OUTBOUND_WEBHOOKS_ENABLED=true")


def switches(_: argparse.Namespace) -> None:
    """Show what is on and off, since when, by whom and why."""
    with open_transaction() as connection:
        rows = connection.execute(
            "select switch, scope, case when is_on then 'on' else 'off' end,"
            " coalesce(to_char(since, 'YYYY-MM-DD HH24:MI:SSOF'), ''), coalesce(changed_by, ''),"
            " coalesce(reason, '')"
            " from outbound_webhooks.switches"
        ).fetchall()
    for line in aligned([("switch", "scope", "is", "since", "changed by", "reason"), *rows]):
        print(line)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a small table: each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
