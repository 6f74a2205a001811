"""Event sources as tests make them: watch() with its arguments by name, what it refuses, and what comes of a source."""

import json
from typing import Any

import psycopg
import pytest

from tests.sql import steps
from tests.support.host import Host


def watch(host: Host, table: str | None, resource: str | None, **arguments: object) -> str:
    """Watch a table; arguments are the parameters of watch() without p_, JSON as Python values or as text."""
    names = "".join(f", p_{name} => %s" for name in arguments)
    values = [_as_parameter(name, value) for name, value in arguments.items()]
    return str(host.value(f"select outbound_webhooks.watch(%s, p_resource => %s{names})", table, resource, *values))


def refused(host: Host, table: str | None, resource: str | None, **arguments: object) -> psycopg.Error:
    """The error of a watch() that must be refused, with a message of ours and not one from inside PostgreSQL."""
    before = left_behind(host)
    with pytest.raises(psycopg.Error) as caught, host.connection.transaction():
        watch(host, table, resource, **arguments)
    assert "at RAISE" in str(caught.value.diag.context).splitlines()[0]
    assert left_behind(host) == before
    return caught.value


def left_behind(host: Host) -> list[steps.Row]:
    """All that watch() makes."""
    return host.rows(
        "select 'source' as kind, name as object from outbound_webhooks.event_sources"
        " union all select 'event type', name from outbound_webhooks.event_types"
        " union all select 'function', oid::regprocedure::text from pg_proc"
        "    where pronamespace = 'outbound_webhooks'::regnamespace"
        " union all select 'trigger', tgrelid::regclass || ' ' || tgname from pg_trigger where not tgisinternal"
        " union all select 'grant', c.relname from pg_class as c, aclexplode(c.relacl) as a"
        "    where a.grantee = 'outbound_webhooks_owner'::regrole"
        " order by 1, 2"
    )


def events(host: Host) -> list[tuple[str, Any]]:
    """Type and data of every event, oldest first."""
    return [(body["type"], body["data"]) for body in steps.bodies(host)]


def types(host: Host) -> list[str]:
    """The types of all events, oldest first."""
    return [str(row["type"]) for row in host.rows("select type from outbound_webhooks.events order by id")]


def forget(host: Host) -> None:
    """Take back all events, so that a test can look at the next ones alone."""
    host.rows("delete from outbound_webhooks.deliveries")
    host.rows("delete from outbound_webhooks.events")


def ledger(host: Host) -> list[tuple[str, str]]:
    """SQLSTATE and message of every change in the ledger, oldest first."""
    rows = host.rows("select error_code, message from outbound_webhooks.capture_errors order by id")
    return [(str(row["error_code"]), str(row["message"])) for row in rows]


def _as_parameter(name: str, value: object) -> object:
    if value is None or isinstance(value, str | bool) or name == "amounts":
        return value
    return json.dumps(value)
