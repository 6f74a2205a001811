"""retention: drop and purge now what the leader would, or say what would go."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

from dispatcher.commands.busy import sessions_on
from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import UsageError, connected, direct_url
from dispatcher.commands.switching import aligned
from dispatcher.db import Connect, RightsMissing, RoleMissing, as_owner
from dispatcher.migrate import NOT_INSTALLED, SchemaMismatch, check_schema
from dispatcher.pipeline.retention import Retention
from dispatcher.telemetry import observations as o

PLAN: LiteralString = """
    select parent, partition, day::text, keep_days, bytes, is_over, goes, reason
    from outbound_webhooks.retention_plan()
    order by parent = 'events', parent, day
"""
PURGE_LIST: LiteralString = "select name, age_column, before from outbound_webhooks.purge_list(clock_timestamp())"


def add_parsers(parsers: Parsers) -> None:
    """What drops what is too old."""
    added = add_parser(
        parsers,
        "retention",
        retention,
        "Drop partitions and purge rows whose days are over, as the leader does; exit code 1 if some are left.",
    )
    added.add_argument("--dry-run", action="store_true", help="print what would go, and why the rest stays")


def retention(arguments: argparse.Namespace) -> int:
    """Do a round and show each step, or show what would go and why the rest stays; exit code 1 if something is left."""
    owner = partial(as_owner, direct_url())
    try:
        return asyncio.run(_show(owner) if arguments.dry_run else _work(owner))
    except RoleMissing as error:
        raise SchemaMismatch(NOT_INSTALLED) from error
    except RightsMissing as error:
        raise UsageError(str(error)) from error


async def _work(owner: Connect) -> int:
    await check_schema(owner)
    told = Told()
    await Retention(owner, owner, told.observe).round()
    for kept in told.kept:
        for session in _users(kept):
            _say(f"{kept.name} is used by {session}")
    print(f"dropped {told.partitions} partitions ({readable(told.bytes)}), purged {told.rows} rows")
    if told.left:
        _say(f"{told.left} partitions are left that should have gone: try again later")
    return 1 if told.left else 0


class Told:
    """Prints what became of what, as it happens, and adds it up."""

    def __init__(self) -> None:
        self.partitions = self.bytes = self.rows = self.left = 0
        self.kept: list[o.PartitionKept] = []

    def observe(self, observation: o.Observation) -> None:
        """What a round of retention observes."""
        match observation:
            case o.RowsPurged(table, count):
                self.rows += count
                print(f"purged {count} rows of {table}", flush=True)
            case o.PartitionDropped(name, size):
                self.partitions += 1
                self.bytes += size
                print(f"dropped {name} ({readable(size)})", flush=True)
            case o.PartitionKept(_, name, reason):
                self.kept.append(observation)
                _say(f"kept {name}: {reason}")
            case o.MaintenanceHindered(_, reason):
                _say(reason)
            case o.RetentionFinished(left):
                self.left = left
            case _:
                pass  # a round observes nothing else


def _say(text: str) -> None:
    print(f"outbound-webhooks: {text}", file=sys.stderr, flush=True)


def _users(kept: o.PartitionKept) -> list[str]:
    """Who has locks on a partition that could not be dropped; or else on its table."""
    with connected() as connection:
        return sessions_on(connection, f"outbound_webhooks.{kept.name}") or sessions_on(
            connection, f"outbound_webhooks.{kept.parent}"
        )


@dataclass(frozen=True)
class Planned:
    """A row of PLAN."""

    parent: str
    partition: str
    day: str
    keep_days: int
    bytes: int
    is_over: bool
    goes: bool
    reason: str


async def _show(owner: Connect) -> int:
    await check_schema(owner)
    async with owner() as connection:
        plan = await (await connection.cursor(row_factory=class_row(Planned)).execute(PLAN)).fetchall()
        old_rows = await _old_rows(connection)
    going = [row for row in plan if row.goes]
    _print_table("partitions that go:", _partitions(going))
    _print_table(
        "partitions that stay, though their days are over:", _partitions([r for r in plan if r.is_over and not r.goes])
    )
    _print_table("partitions that stay:", _by_table([row for row in plan if not row.is_over and not row.goes]))
    _print_table("rows that go:", [("table", "rows", "older than"), *old_rows])
    print(f"a dry run: nothing was changed; {len(going)} partitions ({readable(sum(r.bytes for r in going))}) go")
    return 0


def _partitions(rows: Sequence[Planned]) -> list[tuple[str, ...]]:
    found = [(row.partition, readable(row.bytes), str(row.keep_days), row.reason) for row in rows]
    return [("partition", "size", "days kept", "why"), *found] if found else []


def _by_table(rows: Sequence[Planned]) -> list[tuple[str, ...]]:
    tables: dict[str, list[Planned]] = {}
    for row in rows:
        tables.setdefault(row.parent, []).append(row)
    return [
        ("table", "partitions", "oldest", "size", "days kept"),
        *(
            (name, str(len(of)), of[0].day, readable(sum(row.bytes for row in of)), str(of[0].keep_days))
            for name, of in tables.items()
        ),
    ]


async def _old_rows(connection: AsyncConnection[Any]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, column, before in await (await connection.execute(PURGE_LIST)).fetchall():
        cursor = await connection.execute(
            sql.SQL("select count(*) from {} where {} < %s").format(
                sql.Identifier("outbound_webhooks", name), sql.Identifier(column)
            ),
            (before,),
        )
        row = await cursor.fetchone()
        assert row is not None
        found.append((name, str(row[0]), f"{before:%Y-%m-%d %H:%M %Z} ({column})"))
    return found


def _print_table(title: str, rows: Sequence[tuple[str, ...]]) -> None:
    if rows:
        print(title)
        for line in aligned(rows):
            print(f"  {line}")


def readable(size: int) -> str:
    """A number of bytes as PostgreSQL would show it."""
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 10240:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}"
