"""doctor: what is wrong with what is watched, and what to do about it."""

import argparse
import textwrap

from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import open_transaction
from dispatcher.migrate import LOADED, compare

NUMBER = {"problem": "problems", "warning": "warnings", "note": "notes"}


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    add_parser(parsers, "doctor", doctor, "Say what is wrong with what is watched; exit code 1 for a problem.")


def doctor(_: argparse.Namespace) -> int:
    """Print the findings, the worst first; exit code 1 if one of them is a problem."""
    with open_transaction() as connection:
        compare(connection.execute(LOADED).fetchone())
        findings = connection.execute(
            "select severity, subject, finding, remedy from outbound_webhooks.doctor()"
        ).fetchall()
    for severity, subject, finding, remedy in findings:
        print(f"{severity}: {subject}: {finding}")
        print(textwrap.indent(remedy, "    "))
    counts = {severity: [row[0] for row in findings].count(severity) for severity in NUMBER}
    print(", ".join(f"{count} {severity if count == 1 else NUMBER[severity]}" for severity, count in counts.items()))
    return 1 if counts["problem"] else 0
