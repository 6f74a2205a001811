"""The server around the database: its clock, what holds up vacuum, and a migration that never ended."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

from dispatcher.examination.findings import Finding

Connection = psycopg.Connection[TupleRow]

# Receivers take a signature that is up to 5 minutes old (Standard Webhooks).
CLOCK_WARNING = timedelta(seconds=5)
CLOCK_PROBLEM = timedelta(minutes=2)
# Dead rows that cannot be removed for so long, or since so many transactions, slow claims down.
LONG = timedelta(minutes=15)
MANY_TRANSACTIONS = 100_000

_SEES_ALL: LiteralString = "select pg_has_role('pg_read_all_stats', 'usage'), current_user"
# Sessions of this database only: those of others do not keep rows here.
_TRANSACTIONS: LiteralString = """
    select a.pid, a.usename, a.application_name, a.state, a.xact_start
    from pg_stat_activity as a
    where a.datname = current_database()
        and a.backend_type = 'client backend'
        and a.pid <> pg_backend_pid()
        and num_nonnulls(a.backend_xid, a.backend_xmin) > 0
        and a.xact_start <= clock_timestamp() - %s::interval
    order by a.xact_start
"""
_PREPARED: LiteralString = """
    select quote_literal(p.gid), p.prepared
    from pg_prepared_xacts as p
    where p.database = current_database()
        and p.prepared <= clock_timestamp() - %s::interval
    order by p.prepared
"""
_SLOTS: LiteralString = """
    select s.slot_name, quote_literal(s.slot_name), s.active, greatest(age(s.xmin), age(s.catalog_xmin))
    from pg_replication_slots as s
    where coalesce(s.database, current_database()) = current_database()
        and greatest(age(s.xmin), age(s.catalog_xmin)) >= %s
    order by s.slot_name
"""
_LOCK_READABLE: LiteralString = "select has_table_privilege(to_regclass('yoyo_lock'), 'select')"


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def look(connection: Connection) -> list[Finding]:
    """Everything about the server."""
    return [*clock(connection, utc_now), *vacuum(connection, LONG, MANY_TRANSACTIONS), *yoyo_lock(connection)]


def clock(connection: Connection, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Is the server's clock that of this machine? Requests are signed with this one, leases end by the other."""
    before = now()
    row = connection.execute("select clock_timestamp()").fetchone()
    after = now()
    assert row is not None
    # It was read at some moment in between.
    skew = max(before - row[0], row[0] - after, timedelta(0))
    if skew > CLOCK_WARNING:
        yield Finding(
            "problem" if skew > CLOCK_PROBLEM else "warning",
            "clock-skew",
            "clock",
            f"the server's differs from this machine's by {skew.total_seconds():.0f} s:"
            " receivers refuse signatures that are minutes off",
            "let both follow a time server (NTP)",
        )


def vacuum(connection: Connection, longer_than: timedelta, transactions: int) -> Iterator[Finding]:
    """What keeps dead rows from being removed, for longer than that, or for so many transactions."""
    for pid, user, application, state, since in connection.execute(_TRANSACTIONS, (longer_than,)):
        yield Finding(
            "warning",
            "transaction-open",
            "vacuum",
            f"process {pid} ({user}, {application or 'unnamed'}, {state}) has a transaction open since {_time(since)}:"
            " rows that died since are not removed",
            f"let it end, or: select pg_terminate_backend({pid})",
        )
    for gid, since in connection.execute(_PREPARED, (longer_than,)):
        yield Finding(
            "warning",
            "transaction-prepared",
            "vacuum",
            f"the transaction {gid} stands prepared since {_time(since)}: rows that died since are not removed",
            f"commit prepared {gid}; or: rollback prepared {gid}",
        )
    for name, literal, active, age in connection.execute(_SLOTS, (transactions,)):
        yield Finding(
            "warning",
            "slot-behind",
            "vacuum",
            f"replication slot {name} ({'active' if active else 'not in use'}) is {age} transactions behind:"
            " rows that died since are not removed",
            f"let its reader catch up; one that nobody needs: select pg_drop_replication_slot({literal})",
        )
    yield from _unseen(connection)


def _unseen(connection: Connection) -> Iterator[Finding]:
    row = connection.execute(_SEES_ALL).fetchone()
    assert row is not None
    sees_all, user = row
    if not sees_all:
        yield Finding(
            "note",
            "activity-hidden",
            "vacuum",
            f"{user} does not see how long the transactions of others are open",
            f"grant pg_read_all_stats to {user}",
        )


def yoyo_lock(connection: Connection) -> Iterator[Finding]:
    """A migration's lock: it is there while one runs, and stays if one is killed."""
    if connection.execute(_LOCK_READABLE).fetchone() != (True,):
        return
    for pid, since in connection.execute("select pid, ctime from yoyo_lock"):
        yield Finding(
            "warning",
            "yoyo-lock",
            "migrations",
            f"process {pid} on some machine holds yoyo's lock since {_time(since)}: no other migration can run",
            "if no migration is running: yoyo break-lock",
        )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC) if moment.tzinfo else moment:%Y-%m-%d %H:%M:%S} UTC"
