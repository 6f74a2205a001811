"""doctor: what is wrong, and what to do about it."""

import argparse
import asyncio
import json
import textwrap
from collections import Counter
from dataclasses import asdict

from dispatcher import config
from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import connected, transaction
from dispatcher.examination import dispatching, objects, server
from dispatcher.examination.findings import SEVERITIES, Finding, worst_first
from dispatcher.migrate import LOADED, compare, data_folder, newer_migration


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    checked = add_parser(
        parsers, "doctor", doctor, "Say what is wrong, and what mends it; exit code 1 if there is a problem."
    )
    checked.add_argument("--json", action="store_true", help="the findings as a JSON object")


def doctor(arguments: argparse.Namespace) -> int:
    """Print the findings, the worst first; exit code 1 if one of them is a problem."""
    findings = worst_first(_examine(config.load()))
    counts = Counter(found.severity for found in findings)
    if arguments.json:
        told = {
            "findings": [asdict(found) for found in findings],
            "counts": {name: counts[name] for name in SEVERITIES},
        }
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _print(findings, counts)
    return 1 if counts["problem"] else 0


def _examine(settings: config.Settings) -> list[Finding]:
    """What doctor() in the database says, and what is seen from here."""
    with connected() as connection:
        with transaction(connection):
            loaded = connection.execute(LOADED).fetchone()
            compare(loaded)
            assert loaded is not None
            rows = connection.execute(
                "select severity, code, subject, finding, remedy from outbound_webhooks.doctor(%s)",
                (settings.environment,),
            ).fetchall()
        found = [Finding(*row) for row in rows]
        newer = newer_migration(loaded[1])
        found += [*objects.look(connection, data_folder(), newer), *server.look(connection)]
    keyring = settings.keyring() if settings.master_keys.get_secret_value() else None
    return found + asyncio.run(dispatching.look(settings.libpq_url(), settings.libpq_listen_url(), keyring))


def _print(findings: list[Finding], counts: Counter[str]) -> None:
    for found in findings:
        print(f"{found.severity}: {found.subject}: {found.finding} [{found.code}]")
        print(textwrap.indent(found.remedy, "    "))
    print(", ".join(f"{counts[name]} {name if counts[name] == 1 else name + 's'}" for name in SEVERITIES))
