"""Row-level security of our own tables: forced on each that holds rows of clinics; and what it must not change."""

import re
from collections.abc import Sequence

import pytest

from tests.sql import steps
from tests.sql.clinics import MINE, THEIRS, populate
from tests.support.host import Host

OWNER, PLATFORM, CLINIC = "owner", "platform", "clinic"
USERS = {
    OWNER: ("*", {"outbound_webhooks_owner"}, "true"),
    PLATFORM: ("r", {f"outbound_webhooks_{role}" for role in ("dispatcher", "admin", "monitor")}, "true"),
}

# Statements of the hot paths, as the functions have them, and the types of what they are given.
FUNCTION = """
    select p.prosrc, p.proargnames[:p.pronargs] as names,
        array(select format_type(t, null) from unnest(p.proargtypes) with ordinality as u (t, n) order by n) as types
    from pg_proc as p
    where p.pronamespace = 'outbound_webhooks'::regnamespace and p.proname = %s
"""
PATHS: list[tuple[str, str, dict[str, str]]] = [
    ("claim_deliveries", r"return query\n(.*);\nend", {"v_now": "timestamptz"}),
    (
        "insert_event",
        r"\n    (with event as .*?);\n",
        {
            "v_now": "timestamptz",
            "v_event_id": "uuid",
            "v_occurred_at": "timestamptz",
            "v_patterns": "text[]",
            "v_body": "text",
        },
    ),
    ("record_attempts", r"\n    (with result as .*?from ended);\n", {"v_now": "timestamptz"}),
]


def policies(host: Host) -> dict[tuple[str, str], tuple[str, set[str], str]]:
    """Each policy: (table, name) -> (command, roles, condition)."""
    rows = host.rows(
        "select c.relname::text as name, p.polname::text as policy, p.polcmd::text as command, p.polpermissive as any,"
        " array(select pg_get_userbyid(r)::text from unnest(p.polroles) as r) as roles,"
        " pg_get_expr(p.polqual, p.polrelid) as condition"
        " from pg_policy as p join pg_class as c on c.oid = p.polrelid"
        " where c.relnamespace = 'outbound_webhooks'::regnamespace"
    )
    assert all(row["any"] for row in rows)
    return {
        (str(row["name"]), str(row["policy"])): (str(row["command"]), set(row["roles"]), str(row["condition"]))  # type: ignore[call-overload]
        for row in rows
    }


def tables(host: Host) -> dict[str, bool]:
    """The tables with a clinic_id, partitions too, and whether each is a partition."""
    rows = host.rows(
        "select c.relname::text as name, c.relispartition as part from pg_class as c"
        " join pg_attribute as a on a.attrelid = c.oid and a.attname = 'clinic_id'"
        " where c.relnamespace = 'outbound_webhooks'::regnamespace and c.relkind in ('r', 'p')"
    )
    return {str(row["name"]): bool(row["part"]) for row in rows}


def test_it_is_forced_on_every_table_with_clinics(lasting_host: Host) -> None:
    """And on each of their partitions; a new table with a clinic_id has it without being named."""
    rows = lasting_host.rows(
        "select c.relname::text as name from pg_class as c where c.relnamespace = 'outbound_webhooks'::regnamespace"
        " and c.relrowsecurity and c.relforcerowsecurity"
    )

    assert {row["name"] for row in rows} == set(tables(lasting_host))
    assert set(tables(lasting_host)) >= {
        "events", "deliveries", "attempts",
        "finished_deliveries", "finished_deliveries_done", "finished_deliveries_dead",
        "endpoints", "endpoint_flow", "endpoint_secrets", "endpoint_hours", "replays", "audit_log", "capture_errors",
    }  # fmt: skip
    assert sum(tables(lasting_host).values()) > 60


def test_the_policies(lasting_host: Host) -> None:
    """The owner's own on all; the platform's roles and the clinics' on each whole table; there are no others."""
    found = policies(lasting_host)
    parts = tables(lasting_host)

    assert set(found) == {
        (name, policy) for name, part in parts.items() for policy in ([OWNER] if part else [OWNER, PLATFORM, CLINIC])
    }
    for (_, policy), (command, roles, condition) in found.items():
        if policy == CLINIC:
            assert (command, roles) == ("r", {"outbound_webhooks_clinic"})
            assert condition.startswith(
                "(clinic_id = ANY (( SELECT (NULLIF(current_setting('outbound_webhooks.clinics'"
            )
        else:
            assert (command, roles, condition) == USERS[policy]


def test_views_look_as_who_asks(lasting_host: Host) -> None:
    """Every view is security_invoker: it shows nobody what the tables below it do not."""
    rows = lasting_host.rows(
        "select c.relname as name from pg_class as c where c.relnamespace = 'outbound_webhooks'::regnamespace"
        " and c.relkind in ('v', 'm') and not coalesce('security_invoker=true' = any (c.reloptions), false)"
    )

    assert rows == []


def explained(host: Host, statement: str, types: Sequence[str]) -> str:
    """The plan that the owner's functions have for a statement, whatever it is called with."""
    with host.connection.transaction():
        for setting in ("enable_seqscan = off", "enable_bitmapscan = off", "jit = off"):
            host.rows(f"set local {setting}")
        host.rows("set local plan_cache_mode = force_generic_plan")
        host.rows("set local role outbound_webhooks_owner")
        host.rows(f"prepare hot ({', '.join(types)}) as {statement}")
        lines = host.rows(f"explain (verbose, costs off) execute hot ({', '.join(['null'] * len(types))})")
        host.rows("deallocate hot")
        host.rows("reset role")
    return "\n".join(str(line["QUERY PLAN"]) for line in lines)


@pytest.mark.parametrize(("function", "pattern", "variables"), PATHS, ids=[path[0] for path in PATHS])
def test_hot_paths_have_the_plans_that_they_had(
    sandbox: Host, function: str, pattern: str, variables: dict[str, str]
) -> None:
    """With row-level security forced the owner's plans are the very same, line by line, as without."""
    (row,) = sandbox.rows(FUNCTION, function)
    inside = re.search(pattern, str(row["prosrc"]), re.DOTALL)
    assert inside is not None
    numbers = {name: f"${n}" for n, name in enumerate([*row["names"], *variables], 1)}  # type: ignore[misc]
    text = re.sub(r"\n    into [^\n]*", "", inside[1])
    statement = re.sub(r"\b(" + "|".join(numbers) + r")\b", lambda found: numbers[found[0]], text)
    types = [*row["types"], *variables.values()]  # type: ignore[misc]

    forced = explained(sandbox, statement, types)
    for name in tables(sandbox):
        sandbox.rows(f"alter table outbound_webhooks.{name} no force row level security")
    free = explained(sandbox, statement, types)

    assert forced == free
    assert "deliveries" in forced


def test_capture_where_row_security_is_off(sandbox: Host) -> None:
    """A dump begins with `set row_security = off`: what its session writes is captured all the same."""
    steps.endpoint(sandbox)
    sandbox.rows("set local row_security = off")
    sandbox.pay()
    sandbox.rows("update payment_transactions set status = 'paid'")
    sandbox.rows("update outbound_webhooks.endpoints set description = 'changed in psql'")
    sandbox.rows("set local row_security = on")

    assert len(steps.bodies(sandbox)) == 2
    assert sandbox.value("select count(*) from outbound_webhooks.capture_errors") == 0
    assert sandbox.value("select count(*) from outbound_webhooks.audit_log where action = 'endpoint.changed'") == 1


def test_a_partition_is_not_read_by_itself(sandbox: Host) -> None:
    """Even where somebody was granted everything in the schema: only through its table, whose policies count."""
    populate(sandbox, MINE)
    populate(sandbox, THEIRS)
    sandbox.rows("create role a_reporter login")
    sandbox.rows("grant usage on schema outbound_webhooks to a_reporter, outbound_webhooks_clinic")
    sandbox.rows("grant select on all tables in schema outbound_webhooks to a_reporter, outbound_webhooks_clinic")
    filled = [
        name for name in tables(sandbox) if sandbox.value(f"select exists (select from outbound_webhooks.{name})")
    ]
    for role in ("a_reporter", "outbound_webhooks_clinic"):
        with sandbox.connection.transaction():
            sandbox.rows("select set_config('outbound_webhooks.clinics', '{clinic-1}', true)")
            sandbox.rows(f"set local role {role}")
            for name in filled:
                seen = sandbox.rows(f"select distinct clinic_id as clinic from outbound_webhooks.{name}")
                mine = [{"clinic": MINE}] if role == "outbound_webhooks_clinic" and not tables(sandbox)[name] else []
                assert (role, name, seen) == (role, name, mine)
            sandbox.rows("reset role")

    assert any(tables(sandbox)[name] for name in filled)


def test_repairing_takes_no_lock_where_nothing_is_missing(sandbox: Host) -> None:
    """It runs with each release: a payment must not wait for it."""
    held = "select count(*) from pg_locks where pid = pg_backend_pid() and mode = 'AccessExclusiveLock'"
    before = sandbox.value(held)
    sandbox.rows("select outbound_webhooks.protect_tables()")

    assert sandbox.value(held) == before
