"""Row-level security of our own tables: on for each that holds rows of clinics; and what it must not change."""

from tests.sql import steps
from tests.sql.clinics import MINE, THEIRS, populate
from tests.support.host import Host

PLATFORM, CLINIC = "platform", "clinic"
USERS = {PLATFORM: ("r", {f"outbound_webhooks_{role}" for role in ("dispatcher", "admin", "monitor")}, "true")}


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


def test_it_is_on_for_every_table_with_clinics(lasting_host: Host) -> None:
    """And for each of their partitions; a new table with a clinic_id has it without being named."""
    rows = lasting_host.rows(
        "select c.relname::text as name from pg_class as c where c.relnamespace = 'outbound_webhooks'::regnamespace"
        " and c.relrowsecurity and not c.relforcerowsecurity"
    )

    assert {row["name"] for row in rows} == set(tables(lasting_host))
    assert set(tables(lasting_host)) >= {
        "events", "deliveries", "attempts",
        "finished_deliveries", "finished_deliveries_done", "finished_deliveries_dead",
        "endpoints", "endpoint_flow", "endpoint_secrets", "endpoint_hours", "replays", "audit_log", "capture_errors",
    }  # fmt: skip
    assert sum(tables(lasting_host).values()) > 60


def test_the_policies(lasting_host: Host) -> None:
    """The platform's roles' and the clinics' on each whole table; there are no others, and on a partition none."""
    found = policies(lasting_host)
    parts = tables(lasting_host)

    assert set(found) == {(name, policy) for name, part in parts.items() if not part for policy in (PLATFORM, CLINIC)}
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


def test_capture_where_every_policy_is_lost(sandbox: Host) -> None:
    """As by a dump that was restored where our roles were missing: captures and claims do not depend on one."""
    steps.endpoint(sandbox)
    for name, policy in policies(sandbox):
        sandbox.rows(f"drop policy {policy} on outbound_webhooks.{name}")
    sandbox.pay()

    assert len(steps.bodies(sandbox)) == 1
    assert len(steps.claim(sandbox, steps.register(sandbox))) == 1


def test_capture_where_row_security_is_off(sandbox: Host) -> None:
    """A dump begins with `set row_security = off`: its session's writes are captured all the same, and emit() works."""
    steps.endpoint(sandbox)
    sandbox.rows("set local row_security = off")
    steps.endpoint(sandbox, "clinic-2")
    steps.emit(sandbox, clinic="clinic-2")
    sandbox.pay()
    sandbox.rows("update payment_transactions set status = 'paid'")
    sandbox.rows("update outbound_webhooks.endpoints set description = 'changed in psql'")
    sandbox.rows("set local row_security = on")

    assert len(steps.bodies(sandbox)) == 3
    assert sandbox.value("select count(*) from outbound_webhooks.capture_errors") == 0
    assert sandbox.value("select count(*) from outbound_webhooks.audit_log where action = 'endpoint.changed'") == 2


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
