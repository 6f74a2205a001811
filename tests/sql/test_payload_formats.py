"""A body is written the same way in every session, whatever its settings; times are in UTC."""

from typing import Any

import pytest

from tests.sql import sources, steps
from tests.support.host import CLINIC, Host

TYPES = {
    "at": "timestamp", "at_zone": "timestamptz", "day": "date", "clock": "time", "clock_zone": "timetz",
    "span": "interval", "spans": "interval[]", "during": "tstzrange", "days": "daterange", "raw": "bytea",
    "single": "real", "double": "double precision", "price": "money", "moment": "moment", "pair": "pair",
    "exact": "numeric(20, 8)", "flag": "boolean", "bits": "bit(4)", "doc": "json", "docb": "jsonb",
    "duration": "duration",
}  # fmt: skip
TABLE = (
    "create domain moment as timestamp; create domain duration as interval;"
    " create type pair as (at timestamptz, span interval);"
    "create table things (id bigint primary key, clinic_id text, "
    + ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    + ")"
)
# A value that is read the same way under all settings, except for those of the test's own session.
VALUES = {
    "at": "2026-07-01 12:00:00.5", "at_zone": "2026-07-01 12:00:00.5+00", "day": "2026-07-01", "clock": "12:00",
    "clock_zone": "12:00+00", "span": "P1DT2H3M", "spans": "{P1DT2H3M}",
    "during": "[2026-07-01 00:00+00,2026-07-02 00:00+00)", "days": "[2026-07-01,2026-07-02)", "raw": "\\x00ff41",
    "single": "1234567.9", "double": "0.30000000000000004", "price": "5", "moment": "2026-07-01 12:00",
    "pair": '("2026-07-01 12:00+00",P1D)', "exact": "1.10000000", "flag": "t", "bits": "1010", "doc": '{"a" : 1.0}',
    "docb": '{"a" : 1.0}', "duration": "P1D",
}  # fmt: skip

SESSIONS = {
    "time zone": "set local timezone = 'Asia/Kolkata'",
    "date style": "set local datestyle = 'German'",
    "other date style": "set local datestyle = 'SQL, DMY'; set local timezone = 'America/Sao_Paulo'",
    "old date style": "set local datestyle = 'Postgres, MDY'",
    "interval style": "set local intervalstyle = 'sql_standard'",
    "other interval style": "set local intervalstyle = 'iso_8601'",
    "few digits": "set local extra_float_digits = -15",
    "many digits": "set local extra_float_digits = 3",
    "bytea": "set local bytea_output = 'escape'",
    "locale": "set local lc_monetary = 'C.UTF-8'; set local lc_numeric = 'C.UTF-8'; set local lc_time = 'C.UTF-8'",
    "strings": "set local standard_conforming_strings = off; set local escape_string_warning = off",
    "path": "set local search_path = ''",
}


def things(host: Host) -> None:
    """A watched table with columns of many types, whose spans make events, and an endpoint."""
    host.rows(TABLE)
    steps.endpoint(host)
    sources.watch(
        host, "things", "thing",
        include={name: name for name in TYPES},
        rules=[
            {"type": "thing.created", "when": "inserted"},
            {"type": "thing.span", "when": "changed", "field": "span"},
            {"type": "thing.double", "when": "changed", "field": "double"},
        ],
    )  # fmt: skip


def write(host: Host, key: int) -> None:
    """Insert a row and change it."""
    names = ", ".join(VALUES)
    marks = ", ".join(
        f"%s::{kind if kind not in ('moment', 'duration', 'pair') else 'public.' + kind}" for kind in TYPES.values()
    )
    host.rows(
        f"insert into public.things (id, clinic_id, {names}) values (%s, %s, {marks})", key, CLINIC, *VALUES.values()
    )
    host.rows("update public.things set span = span * 2, double = double * 2 where id = %s", key)


def told(host: Host, key: int) -> list[tuple[str, Any]]:
    """What was told of a row, without its id."""
    return [(kind, {**data, "id": ""}) for kind, data in sources.events(host) if data["id"] == str(key)]


@pytest.mark.parametrize("session", list(SESSIONS))
def test_in_every_session(sandbox: Host, session: str) -> None:
    """Captured in a strange session, or emitted from it, a row is told as in any other."""
    things(sandbox)
    write(sandbox, 1)

    with sandbox.connection.transaction():
        sandbox.connection.execute(SESSIONS[session].encode())
        write(sandbox, 2)
        for key in ("1", "2"):
            sandbox.rows("select outbound_webhooks.emit_row('things', %s, 'thing.again')", key)
        sandbox.rows("select outbound_webhooks.emit_rows('things', %s, 'thing.all')", ["1", "2"])
        sandbox.connection.execute("set local datestyle = 'ISO'; set local search_path = public")

    assert sources.ledger(sandbox) == []
    assert len(told(sandbox, 1)) == 5
    assert told(sandbox, 1) == told(sandbox, 2)


@pytest.mark.parametrize("session", list(SESSIONS))
def test_the_ledger_in_every_session(sandbox: Host, session: str) -> None:
    """What a failed capture keeps loses nothing either: recaptured, it says the same."""
    things(sandbox)
    write(sandbox, 1)

    with sandbox.connection.transaction():
        sandbox.connection.execute(SESSIONS[session].encode())
        sandbox.rows("alter function outbound_webhooks.payload_things rename to away")
        write(sandbox, 2)
        sandbox.rows("alter function outbound_webhooks.away rename to payload_things")
        sandbox.rows("select outbound_webhooks.recapture()")
        sandbox.connection.execute("set local datestyle = 'ISO'; set local search_path = public")

    assert [code for code, _ in sources.ledger(sandbox)] == ["42883", "42883"]
    assert told(sandbox, 2) == told(sandbox, 1)


def test_times_are_in_utc(sandbox: Host) -> None:
    """With a time zone, without one (which then is UTC), in arrays and ranges."""
    things(sandbox)
    sandbox.rows("set local timezone = 'Asia/Tokyo'")
    write(sandbox, 1)

    (_, data) = sources.events(sandbox)[0]

    assert (data["at"], data["at_zone"], data["moment"]) == (
        "2026-07-01T12:00:00.5+00:00", "2026-07-01T12:00:00.5+00:00", "2026-07-01T12:00:00+00:00",
    )  # fmt: skip
    assert data["during"] == '["2026-07-01 00:00:00+00","2026-07-02 00:00:00+00")'
    assert (data["day"], data["pair"]["at"]) == ("2026-07-01", "2026-07-01T12:00:00+00:00")


def test_payments_pay_for_no_setting(sandbox: Host) -> None:
    """A trigger function sets only what its columns need: for a payment, nothing but what every one sets."""
    settings = "select array_to_string(proconfig, ' ') from pg_proc where proname = %s"
    things(sandbox)

    assert sandbox.value(settings, "capture_payment_transactions") == (
        "search_path=pg_catalog, pg_temp TimeZone=UTC lock_timeout=100ms"
    )
    assert "extra_float_digits=1" in str(sandbox.value(settings, "capture_things"))
