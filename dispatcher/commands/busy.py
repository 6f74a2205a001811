"""A statement that needs a lock on a busy table: short waits, several tries, and in the end who was in the way.

Writers wait behind a statement that waits for a table's lock. So it waits 2 s, gives up, lets them through, and tries
again after a pause that is never twice the same.
"""

import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import LiteralString, TypeVar

import psycopg

from dispatcher.commands.session import Connection, UsageError, transaction

T = TypeVar("T")

# Locks of readers do not stand in the way of creating a trigger; they do in the way of dropping one.
READERS = ["AccessShareLock", "RowShareLock"]
# A row of ours that another watch, unwatch or capture keeps locked; and the table that uninstall wanted to lock.
OUR_ROW = re.compile(r'in relation "(settings|event_sources)')
LOCKING = re.compile(r'"lock table only (.+) in access exclusive mode')

BLOCKERS: LiteralString = """
    select
        l.pid,
        coalesce(a.usename, a.backend_type),
        a.application_name,
        a.state,
        extract(epoch from clock_timestamp() - a.xact_start)::integer,
        string_agg(distinct l.mode, ', ' order by l.mode)
    from pg_locks as l
    left join pg_stat_activity as a on a.pid = l.pid
    where l.locktype = 'relation'
        and l.database = (select d.oid from pg_database as d where d.datname = current_database())
        and l.relation in (select %(table)s::regclass::oid union select relid from pg_partition_tree(%(table)s))
        and l.pid is distinct from pg_backend_pid()
        and l.mode <> all (%(harmless)s)
    group by 1, 2, 3, 4, 5
    order by 5 desc nulls last
"""


def patiently(
    connection: Connection, table: str, work: Callable[[], T], *, tries: int, readers_block: bool = False
) -> T:
    """Do the work in a transaction, again if a lock was not to be had.

    Args:
        connection: in autocommit.
        table: the one that the work locks, as the user wrote it.
        work: the statements.
        tries: how often, at most.
        readers_block: whether the work waits for readers, too.

    Raises:
        UsageError: the table stayed busy; the message names who has locks on it.
    """
    for number in range(1, tries + 1):
        try:
            with transaction(connection):
                return work()
        except psycopg.errors.LockNotAvailable as error:
            busy = _busy(error, table)
            if number < tries:
                pause = random.uniform(0.5, 1) * 2 ** (number - 1)
                _say(f"{busy} is busy; try {number + 1} of {tries} in {pause:.1f} s")
                time.sleep(pause)
    raise UsageError(_who_blocks(connection, busy, tries, READERS if busy == table and not readers_block else []))


def _busy(error: psycopg.Error, table: str) -> str:
    """Which table was not to be had, if the error says so; else the one that the user named."""
    context = error.diag.context or ""
    if row := OUR_ROW.search(context):
        return f"outbound_webhooks.{row[1]}"
    locking = LOCKING.search(context)
    return locking[1] if locking else table


def _say(text: str) -> None:
    print(f"outbound-webhooks: {text}", file=sys.stderr, flush=True)


def _who_blocks(connection: Connection, table: str, tries: int, harmless: list[str]) -> str:
    sessions = sessions_on(connection, table, harmless)
    given_up = f"lock timeout: {table} was busy at each of {tries} tries, and nothing was changed"
    if not sessions:
        return f"{given_up}\nnobody holds a lock on it any more: try again"
    return "\n".join(
        [
            f"{given_up}\nwho has locks on it:",
            *(f"  {session}" for session in sessions),
            "pg_stat_activity says what they do; a transaction that was forgotten ends with pg_terminate_backend(PID)",
            "try again when they are done",
        ]
    )


def sessions_on(connection: Connection, table: str, harmless: Sequence[str] = ()) -> list[str]:
    """Who has locks on a table, but for harmless ones, in words; the longest transaction first."""
    rows = connection.execute(BLOCKERS, {"table": table, "harmless": list(harmless)}).fetchall()
    return [_session(*row) for row in rows]


def _session(
    pid: int | None, user: str | None, application: str | None, state: str | None, seconds: int | None, modes: str
) -> str:
    if pid is None:
        return f"a prepared transaction (see pg_prepared_xacts): {modes}"
    parts = [
        f"pid {pid}",
        f"user {user}" if user else None,
        f"application {application}" if application else None,
        state,
        f"in a transaction for {seconds} s" if seconds is not None else None,
    ]
    return f"{', '.join(part for part in parts if part)}: {modes}"
