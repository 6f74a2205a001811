"""audit_log: what was done, by whom; and nobody takes it back."""

import psycopg
import pytest

from tests.support.host import Host

RECORD = "select outbound_webhooks.record_audit('delivery.retried', 'clinic-1', 'delivery 7', '{\"was\": \"dead\"}')"


@pytest.mark.parametrize("actor", [None, "", "ana@clinic.example"])
def test_who(sandbox: Host, actor: str | None) -> None:
    """The database user that logged in, whatever role it took; and the actor, if one was named."""
    if actor is not None:
        sandbox.rows("select set_config('outbound_webhooks.actor', %s, true)", actor)
    sandbox.rows("set local role outbound_webhooks_owner")
    sandbox.rows(RECORD)
    (line,) = sandbox.rows("select * from outbound_webhooks.audit_log")

    assert line.pop("at") is not None
    assert line == {
        "id": line["id"], "database_user": "postgres", "actor": actor or None, "clinic_id": "clinic-1",
        "action": "delivery.retried", "subject": "delivery 7", "details": {"was": "dead"},
    }  # fmt: skip


@pytest.mark.parametrize("role", ["outbound_webhooks_owner", "postgres"])
@pytest.mark.parametrize(
    "change",
    ["update outbound_webhooks.audit_log set actor = 'somebody else'", "delete from outbound_webhooks.audit_log",
     "truncate outbound_webhooks.audit_log"],
)  # fmt: skip
def test_it_is_append_only(sandbox: Host, role: str, change: str) -> None:
    """Neither the owner nor a superuser changes or removes a line."""
    sandbox.rows(RECORD)
    before = sandbox.rows("select * from outbound_webhooks.audit_log")
    sandbox.rows(f"set local role {role}")
    with (
        pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="append-only"),
        sandbox.connection.transaction(),
    ):
        sandbox.rows(change)

    assert sandbox.rows("select * from outbound_webhooks.audit_log") == before


def test_it_is_rolled_back_with_what_it_tells(sandbox: Host) -> None:
    """A line is of the transaction of the deed: what did not happen is not told."""
    with sandbox.connection.transaction(force_rollback=True):
        sandbox.rows(RECORD)

    assert sandbox.rows("select id from outbound_webhooks.audit_log") == []


@pytest.mark.parametrize("action", ["Retried", "retried", "delivery retried"])
def test_an_action_is_thing_and_deed(sandbox: Host, action: str) -> None:
    """So that one finds all that was done to replays, or all that was stopped."""
    with pytest.raises(psycopg.errors.CheckViolation), sandbox.connection.transaction():
        sandbox.rows("select outbound_webhooks.record_audit(%s, null, 'a test')", action)
