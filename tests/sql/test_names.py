"""Whatever a host calls its tables and columns, and whatever is in them: told as it is, and never run as SQL."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import LiteralString

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from tests.sql import sources, steps
from tests.support.host import Host

project = settings(
    derandomize=True,  # the same examples in every run
    database=None,
    deadline=None,
    max_examples=40,
    # The host is the same for all examples; each is taken back.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

PLPGSQL_WORDS = [
    *("alias", "assert", "constant", "debug", "detail", "diagnostics", "dump", "elseif", "elsif", "errcode", "error"),
    *("exception", "exit", "foreach", "hint", "info", "log", "loop", "message", "notice", "open", "perform", "query"),
    *("print_strict_params", "raise", "rowtype", "slice", "sqlstate", "stacked", "strict", "use_column"),
    *("use_variable", "variable_conflict", "warning", "while"),
]
INJECTION = "insert into public.canary values (1)"
NASTY = [
    *('"', "'", "\\", "\\'", '""', "''", "$$", "$body$", "$handler$", "$1", "%", "%s", "%I", "%1$s", "{}", ".", "a.b"),
    *(" ", "  x", "\n", "\t", "--", "/*", "*/", ";", "é", "日本語", "🦷", "\u202e", "\x7f", "x" * 63, "é" * 31),
    *("new", "old", "payment", "previous", "t", "k", "key", "n", "row", "it", "one row", "found", "sqlerrm", "tg_op"),
    *("v_id", "v_clinic_id", "v_old", "v_new", "v_code", "v_capture", "capture", "select", "order", "user", "null"),
    *("begin", "by", "declare", "execute", "foreach", "if", "loop", "strict", "while", "end", "then", "elsif", "raise"),
    *("Id", "ID", "clinicId", "STATUS", "constructor", "__proto__"),
    *(f"x'; {INJECTION}; --", f'x"; {INJECTION}; --', f"x$body$; {INJECTION}; --", f"'||({INJECTION})||'"),
    *(f"x\n$body$;\n{INJECTION};", f"\\'; {INJECTION}; --"),
]
SYSTEM = {"ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"}  # no column can have one of these names

TEXTS = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40))
NAMES = TEXTS.filter(lambda name: 0 < len(name.encode()) <= 63 and name not in SYSTEM)
FIELDS = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,62}", fullmatch=True).filter(
    lambda name: name not in ("id", "clinic_id", "status", "previous", "offer")
)
KEYS = TEXTS.filter(bool)


@dataclass(frozen=True)
class Example:
    """A host's names, and what it writes."""

    schema: str
    table: str
    other_table: str
    columns: list[str]
    field: str
    key: str
    clinic: str
    values: list[str]


EXAMPLES = st.builds(
    Example,
    schema=NAMES.filter(lambda name: not name.startswith("pg_") and name not in ("public", "outbound_webhooks")),
    table=NAMES,
    other_table=NAMES,
    columns=st.lists(NAMES, min_size=6, max_size=6, unique=True),
    field=FIELDS,
    key=KEYS,
    clinic=KEYS,
    values=st.lists(TEXTS, min_size=4, max_size=4, unique=True),
).filter(lambda example: example.table != example.other_table)


@pytest.fixture(scope="module")
def canary_host(lasting_host: Host) -> Iterator[Host]:
    """A host with a table that only injected SQL would write."""
    lasting_host.rows("create table canary (n integer)")
    yield lasting_host
    assert lasting_host.rows("select * from canary") == []
    lasting_host.rows("drop table canary")


def run(host: Host, statement: LiteralString, *names: sql.Composable, values: Sequence[str] = ()) -> None:
    """Run a statement with an identifier for each {}, and at its end the values in brackets."""
    literals = sql.SQL(", ").join(sql.Literal(value) for value in values)
    host.connection.execute(sql.SQL(statement).format(*names, values=literals))


def watch(host: Host, example: Example, **arguments: object) -> tuple[sql.Identifier, sql.Identifier]:
    """Make the tables and watch one of them; returns the table and its status column."""
    columns = [sql.Identifier(name) for name in example.columns]
    table = sql.Identifier(example.schema, example.table)
    other = sql.Identifier(example.schema, example.other_table)
    run(host, "create schema {}", sql.Identifier(example.schema))
    run(host, "create table {} ({} text, {} text, {} text, {} text, {} text, {} text)", table, *columns)
    run(host, "create table {} ({} text unique, {} text)", other, columns[0], columns[5])
    run(host, "insert into {} values ({values})", other, values=(example.values[3], example.values[2]))
    sources.watch(
        host, table.as_string(host.connection), "thing",
        name="thing",
        columns=dict(zip(("id", "clinic_id", "status"), example.columns, strict=False)),
        include={example.field: example.columns[3]},
        related=[
            {
                "name": "offer", "table": other.as_string(host.connection), "by": example.columns[4],
                "key": example.columns[0], "columns": {"it": example.columns[5]},
            }
        ],
        **arguments,
    )  # fmt: skip
    steps.endpoint(host, example.clinic)
    return table, columns[2]


def nothing_else_happened(host: Host) -> bool:
    """No ledger entry, no write by injected SQL, no function but those of the source."""
    made = host.value(
        "select count(*) from pg_proc where pronamespace = 'outbound_webhooks'::regnamespace and proname ~ '_thing$'"
    )
    return sources.ledger(host) == [] and host.rows("select * from public.canary") == [] and made == 2


@project
@given(EXAMPLES)
def test_names_and_values(canary_host: Host, example: Example) -> None:
    """An insert, a change, emit_row, a preview and unwatch, with any names and any values."""
    host = canary_host
    before, after, included, found_by = example.values
    with host.connection.transaction(force_rollback=True):
        table, status = watch(host, example)
        row = (example.key, example.clinic, before, included, found_by, "")
        run(host, "insert into {} values ({values})", table, values=row)
        run(host, "update {} set {} = {values}", table, status, values=[after])
        host.rows("select outbound_webhooks.emit_row('thing', %s, 'thing.again')", example.key)
        host.rows("select outbound_webhooks.preview_payload('thing', %s)", example.key)
        expected = {
            "id": example.key, "clinic_id": example.clinic, example.field: included, "offer": {"it": included},
        }  # fmt: skip

        assert nothing_else_happened(host)
        assert sources.events(host) == [
            ("thing.created", {**expected, "status": before, "previous": None}),
            ("thing.status_changed", {**expected, "status": after, "previous": {"status": before}}),
            ("thing.again", {**expected, "status": after, "previous": None}),
        ]
        host.rows("select outbound_webhooks.unwatch(%s)", table.as_string(host.connection))
        run(host, "drop table {}", table)


@project
@given(EXAMPLES)
def test_the_ledger(canary_host: Host, example: Example) -> None:
    """A capture that failed is recaptured with the same names and values; a rule for one value makes its event."""
    host = canary_host
    before, after, included, found_by = example.values
    rules = [
        {"type": "thing.created", "when": "inserted"},
        {"type": "thing.done", "when": "changed", "field": "status", "to": after},
    ]
    with host.connection.transaction(force_rollback=True):
        table, status = watch(host, example, rules=rules)
        host.rows("alter function outbound_webhooks.payload_thing rename to away")
        row = (example.key, example.clinic, before, included, found_by, "")
        run(host, "insert into {} values ({values})", table, values=row)
        for value in (included, after, after, found_by):
            run(host, "update {} set {} = {values}", table, status, values=[value])
        failed = sources.ledger(host)
        host.rows("alter function outbound_webhooks.away rename to payload_thing")
        host.rows("select outbound_webhooks.recapture()")
        told = [(kind, data["id"], data["status"], data["previous"]) for kind, data in sources.events(host)]
        host.rows("delete from outbound_webhooks.capture_errors")

        assert [code for code, _ in failed] == ["42883", "42883"]
        assert nothing_else_happened(host)
        assert told == [
            ("thing.created", example.key, before, None),
            ("thing.done", example.key, after, {"status": included}),
        ]


def test_keywords(sandbox: Host) -> None:
    """Columns named like any word of SQL or PL/pgSQL: their changes are told."""
    words = {str(row["word"]) for row in sandbox.rows("select word from pg_get_keywords()")} | set(PLPGSQL_WORDS)
    columns = ", ".join(f'"{word}" integer default 1' for word in words)
    sandbox.rows(f"create table things (id bigint generated always as identity, clinic_id text, {columns})")
    steps.endpoint(sandbox)

    ordered = sorted(words)
    for chunk in (ordered[n : n + 40] for n in range(0, len(ordered), 40)):
        include = {f"f{n}": word for n, word in enumerate(chunk)}
        rules = [{"type": f"thing.{field}", "when": "changed", "field": field, "to": 2} for field in include]
        sources.watch(sandbox, "things", "thing", include=include, rules=rules)
        sandbox.rows("insert into things (clinic_id) values ('clinic-1')")
        sandbox.rows("update things set " + ", ".join(f'"{word}" = 2' for word in chunk))
        told = [(data["previous"], data[kind.removeprefix("thing.")]) for kind, data in sources.events(sandbox)]
        sources.forget(sandbox)
        sandbox.rows("delete from things")

        assert sources.ledger(sandbox) == []
        assert told == [({field: 1}, 2) for field in include]
