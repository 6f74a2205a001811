"""What a claim touches, and the plan of the statement inside the function: the wheel has no auto_explain."""

import re
from dataclasses import dataclass
from typing import LiteralString

from psycopg import ClientCursor

from benchmarks.claim_session import STATEMENT, Session

FUNCTION: LiteralString = """
select prosrc, proargnames[:pronargs], (select array_agg(format_type(t, null) order by n)
    from unnest(proargtypes) with ordinality as u (t, n))
from pg_proc where oid = (
    select oid from pg_proc
    where pronamespace = 'outbound_webhooks'::regnamespace and proname = 'claim_deliveries'
)
"""
ROWS_READ: LiteralString = (
    "select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint"
    " from pg_stat_xact_user_tables where schemaname = 'outbound_webhooks'"
)
# As the function sets them.
SETTINGS: tuple[LiteralString, ...] = (
    "set local enable_seqscan = off",
    "set local enable_bitmapscan = off",
    "set local jit = off",
)


@dataclass(frozen=True)
class Touched:
    """What a claim touches: pages of shared buffers (one that is met twice counts twice), and live rows read."""

    buffers: float
    rows: float


def touched(session: Session, watermark: str) -> Touched:
    """The means over the claims of a sample. Buffers are those of the whole call, rows those of all our tables."""
    buffers = rows = 0
    for cursor in session.cursors:
        session.connection.execute("begin")
        before = _rows_read(session)
        parameters = session.parameters(cursor, watermark)
        found = session.connection.execute(f"explain (analyze, buffers, format json) {STATEMENT}", parameters)
        ((plan,),) = found.fetchall()
        assert isinstance(plan, list)
        top = plan[0]["Plan"]
        buffers += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        rows += _rows_read(session) - before
        session.connection.execute("rollback")
    return Touched(buffers / len(session.cursors), rows / len(session.cursors))


def plans(session: Session, watermark: str) -> str:
    """The plans of the statement inside, made for its parameters and for any, from the first endpoint on."""
    source, names, types = session.connection.execute(FUNCTION).fetchall()[0]
    assert isinstance(source, str)
    assert isinstance(names, list)
    assert isinstance(types, list)
    parts = []
    for mode in ("force_custom_plan", "force_generic_plan"):
        parts.append(f"#### {session.state.name}, watermark: {watermark}, {mode}\n")
        parts += ["```", *_explained(session, mode, statement_inside(source, names), types, watermark), "```\n"]
    return "\n".join(parts)


def statement_inside(source: str, names: list[str]) -> str:
    """The statement that a function returns the rows of, with its arguments as parameters."""
    inside = re.search(r"return query\n(.*);\nend", source, re.DOTALL)
    assert inside is not None
    numbers = {name: f"${number}" for number, name in enumerate([*names, "v_now"], 1)}
    return re.sub("|".join(rf"\b{name}\b" for name in numbers), lambda found: numbers[found[0]], inside[1])


def _explained(session: Session, mode: str, statement: str, types: list[str], watermark: str) -> list[str]:
    connection = session.connection
    with connection.transaction(force_rollback=True):
        connection.execute("reset role")  # the function works as its owner
        for setting in SETTINGS:
            connection.execute(setting)
        connection.execute(f"set local plan_cache_mode = {mode}".encode())
        connection.execute(f"prepare inside ({', '.join([*types, 'timestamptz'])}) as {statement}".encode())
        places = ", ".join(["%s"] * len(types))
        call = ClientCursor(connection).mogrify(
            f"explain (analyze, buffers) execute inside ({places}, statement_timestamp())".encode(),
            session.parameters(0, watermark),
        )
        lines = [str(line) for (line,) in connection.execute(call.encode()).fetchall()]
        connection.execute("deallocate inside")
    return lines


def _rows_read(session: Session) -> int:
    row = session.connection.execute(ROWS_READ).fetchone()
    assert row is not None
    assert isinstance(row[0], int)
    return row[0]
