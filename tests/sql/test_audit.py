"""audit_log: what was done and what was denied, by whom, from where; and nobody takes it back before its time."""

import psycopg
import pytest

from tests.sql.clinics import MINE, THEIRS, working_for
from tests.support.host import Host

RECORD = "select outbound_webhooks.record_audit('delivery.retried', 'clinic-1', 'delivery 7', '{\"was\": \"dead\"}')"
DENIED = "select outbound_webhooks.record_denied('endpoint.retire', %s, 'endpoint 7', '{\"role\": \"manager\"}')"
NEWEST = "select * from outbound_webhooks.audit_log order by id desc limit 1"
SET = "select set_config('outbound_webhooks.' || %s, %s, true)"
OLD = (
    "insert into outbound_webhooks.audit_log (at, action, subject)"
    " select clock_timestamp() - make_interval(days => d), 'a.b', d || ' days' from unnest(%s::integer[]) as d"
)


@pytest.fixture
def logged(sandbox: Host) -> Host:
    """A host with one line in the log, and no other."""
    sandbox.rows("alter table outbound_webhooks.audit_log disable trigger all")
    sandbox.rows("truncate outbound_webhooks.audit_log")
    for name in ("refuse_audit_change", "refuse_audit_delete"):
        sandbox.rows(f"alter table outbound_webhooks.audit_log enable always trigger {name}")
    sandbox.rows(RECORD)
    return sandbox


@pytest.mark.parametrize("actor", [None, "", "ana@clinic.example"])
def test_who(sandbox: Host, actor: str | None) -> None:
    """The database user that logged in, whatever role it took; actor, request and address, if they were named."""
    told = {"actor": actor, "request_id": actor and "req-1", "address": actor and "203.0.113.7"}
    for name, value in told.items():
        if value is not None:
            sandbox.rows(SET, name, value)
    sandbox.rows("set local role outbound_webhooks_owner")
    sandbox.rows(RECORD)
    (line,) = sandbox.rows(NEWEST)
    client = sandbox.value("select host(inet_client_addr())")

    assert line.pop("at") is not None
    assert line == {
        "id": line["id"], "database_user": "postgres", "actor": actor or None, "request_id": "req-1" if actor else None,
        "address": "203.0.113.7" if actor else client, "is_denied": False, "clinic_id": "clinic-1",
        "action": "delivery.retried", "subject": "delivery 7", "details": {"was": "dead"},
    }  # fmt: skip


@pytest.mark.parametrize("role", ["outbound_webhooks_owner", "postgres"])
@pytest.mark.parametrize("replication", ["origin", "replica"])
@pytest.mark.parametrize(
    "change",
    ["update outbound_webhooks.audit_log set actor = 'somebody else'", "delete from outbound_webhooks.audit_log",
     "truncate outbound_webhooks.audit_log"],
)  # fmt: skip
def test_it_is_append_only(logged: Host, role: str, replication: str, change: str) -> None:
    """Neither the owner nor a superuser changes or removes a line, whatever session_replication_role is."""
    before = logged.rows(NEWEST)
    logged.rows(f"set local session_replication_role = {replication}")
    logged.rows(f"set local role {role}")
    with (
        pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="append-only"),
        logged.connection.transaction(),
    ):
        logged.rows(change)

    assert logged.rows("select * from outbound_webhooks.audit_log") == before


def test_it_is_kept_for_ever_unless_it_is_said_otherwise(logged: Host) -> None:
    """With audit_keep_days null nothing is too old: retention takes none, and a delete is refused."""
    logged.rows(OLD, [10_000])
    purged = {row["name"]: row["purged"] for row in logged.rows("select * from outbound_webhooks.purge_rows()")}
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState), logged.connection.transaction():
        logged.rows("delete from outbound_webhooks.audit_log where subject = '10000 days'")

    assert "audit_log" not in purged
    assert logged.value("select count(*) from outbound_webhooks.audit_log") == 2


def test_retention(logged: Host) -> None:
    """Lines go when their days are over, not before, whoever deletes; that the days were changed is a line itself."""
    logged.rows(OLD, [89, 91, 365])
    logged.rows("update outbound_webhooks.settings set audit_keep_days = 90")
    purged = {row["name"]: row["purged"] for row in logged.rows("select * from outbound_webhooks.purge_rows()")}
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState), logged.connection.transaction():
        logged.rows("delete from outbound_webhooks.audit_log where subject = '89 days'")
    left = [row["action"] for row in logged.rows("select action from outbound_webhooks.audit_log order by id")]

    assert purged["audit_log"] == 2
    assert left == ["delivery.retried", "a.b", "settings.changed"]


@pytest.mark.parametrize("days", [0, 89, 3651])
def test_days_are_bounded(sandbox: Host, days: int) -> None:
    """Who may change settings cannot make the log vanish at once by them."""
    with pytest.raises(psycopg.errors.CheckViolation), sandbox.connection.transaction():
        sandbox.rows("update outbound_webhooks.settings set audit_keep_days = %s", days)


def test_it_is_rolled_back_with_what_it_tells(logged: Host) -> None:
    """A line is of the transaction of the deed: what did not happen is not told."""
    before = logged.rows("select id from outbound_webhooks.audit_log")
    with logged.connection.transaction(force_rollback=True):
        logged.rows(RECORD)

    assert logged.rows("select id from outbound_webhooks.audit_log") == before


@pytest.mark.parametrize("action", ["Retried", "retried", "delivery retried"])
def test_an_action_is_thing_and_deed(sandbox: Host, action: str) -> None:
    """So that one finds all that was done to replays, or all that was stopped."""
    with pytest.raises(psycopg.errors.CheckViolation), sandbox.connection.transaction():
        sandbox.rows("select outbound_webhooks.record_audit(%s, null, 'a test')", action)


@pytest.mark.parametrize("role", ["outbound_webhooks_admin", "outbound_webhooks_clinic"])
def test_a_denial(sandbox: Host, role: str) -> None:
    """What was tried and denied, by whom, for which clinic; told apart from what was done."""
    sandbox.rows(SET, "clinics", "{clinic-1}")
    sandbox.rows(SET, "actor", "ana@clinic.example")
    sandbox.rows(f"set local role {role}")
    sandbox.rows(DENIED, MINE)
    sandbox.rows("reset role")
    (line,) = sandbox.rows(NEWEST)

    assert (line["is_denied"], line["action"], line["subject"]) == (True, "endpoint.retire", "endpoint 7")
    assert (line["clinic_id"], line["actor"], line["details"]) == (MINE, "ana@clinic.example", {"role": "manager"})


def test_a_denial_of_nobodys(sandbox: Host) -> None:
    """Where it is not known whose it was, as with a key that is none, the line is the platform's; no clinic sees it."""
    with working_for(sandbox, MINE, THEIRS):
        sandbox.rows(DENIED, None)
        seen = sandbox.value("select count(*) from outbound_webhooks.audit_log where is_denied")

    assert seen == 0
    assert sandbox.rows(NEWEST)[0]["is_denied"] is True


def test_nobody_writes_into_anothers_log(sandbox: Host) -> None:
    """A denial is of one's own clinic."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege), working_for(sandbox, MINE):
        sandbox.rows(DENIED, THEIRS)
