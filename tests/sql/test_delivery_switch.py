"""The delivery switch, for all dispatchers and for one endpoint; who threw it, and the view of it."""

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.switching import DELIVERY, is_on, switches
from tests.support.host import Host

SET_DELIVERY = "select outbound_webhooks.set_delivery(%s, %s, %s)"


def test_delivery_off_and_on(sandbox: Host) -> None:
    """Off: nothing is claimed; on: what waited is spread at the rate, oldest first, what comes then goes at once."""
    steps.endpoint(sandbox)
    waiting = steps.emit(sandbox, 3)
    dispatcher = steps.register(sandbox)

    off = sandbox.value(SET_DELIVERY, False, "the receivers are flooded", 100)
    stopped = steps.claim(sandbox, dispatcher)
    shown = switches(sandbox)[DELIVERY]
    on = sandbox.value(SET_DELIVERY, True, None, 2)
    fresh = steps.emit(sandbox)
    due = sandbox.rows(
        "select d.id, extract(epoch from d.next_attempt_at - g.delivery_changed_at)::float8 as after"
        " from outbound_webhooks.deliveries as d, outbound_webhooks.settings as g where d.id = any (%s) order by d.id",
        waiting,
    )
    claimed = steps.ids(steps.claim(sandbox, dispatcher))

    assert (off, stopped, on) == (0, [], 3)
    assert (shown["is_on"], shown["reason"]) == (False, "the receivers are flooded")
    assert shown["changed_by"] == sandbox.value("select session_user")
    assert [(row["id"], row["after"]) for row in due] == list(zip(waiting, [0, 0.5, 1], strict=True))
    assert claimed == [waiting[0], *fresh]
    assert switches(sandbox)[DELIVERY]["reason"] is None


def test_delivery_off_stops_what_was_claimed(sandbox: Host) -> None:
    """A delivery that was claimed before and has not started yet does not start; its result is still recorded."""
    steps.endpoint(sandbox)
    steps.emit(sandbox, 2)
    dispatcher = steps.register(sandbox)
    waiting, sent = steps.claim(sandbox, dispatcher)

    def may_start() -> object:
        return sandbox.value(
            "select outbound_webhooks.may_start(%s, %s)", waiting["delivery_id"], waiting["lease_token"]
        )

    before = may_start()
    sandbox.rows(SET_DELIVERY, False, None, 1)
    after = may_start()
    kept = steps.record(sandbox, steps.result(sent, dispatcher, steps.SUCCEEDED))

    assert (before, after) == (True, False)
    assert kept == [sent["lease_token"]]


def test_delivery_where_it_is(sandbox: Host) -> None:
    """To throw the switch to where it is changes nothing: not who, not when, and nothing is spread anew."""
    steps.endpoint(sandbox)
    (waiting,) = steps.emit(sandbox)
    before = switches(sandbox)[DELIVERY]

    assert sandbox.value(SET_DELIVERY, True, "again", 1) == 0
    assert switches(sandbox)[DELIVERY] == before
    sandbox.rows(SET_DELIVERY, False, "first", 1)
    sandbox.rows(SET_DELIVERY, False, "second", 1)
    assert switches(sandbox)[DELIVERY]["reason"] == "first"
    assert steps.states(sandbox) == {waiting: "pending"}


def test_delivery_refusals(sandbox: Host) -> None:
    """A switch is on or off, and a backlog drained at a rate that ends."""
    steps.endpoint(sandbox)
    sandbox.rows(SET_DELIVERY, False, None, 1)

    for arguments, message in (((None, None, 1), "on or off, not null"), ((True, None, 0), "at least 1 a second")):
        with pytest.raises(psycopg.Error) as caught, sandbox.connection.transaction():
            sandbox.rows(SET_DELIVERY, *arguments)
        assert message in str(caught.value.diag.message_primary)
    assert is_on(sandbox)[DELIVERY] is False


def test_stopped_endpoints(host: Host, connect: Connect) -> None:
    """An endpoint that is paused, or that we disabled, is in the view: since when, by whom and why."""
    host.rows("create role operator login in role outbound_webhooks_admin")
    active, paused, gone = (steps.endpoint(host, f"clinic-{number}") for number in range(3))
    session = connect()
    session.rows("set session authorization operator")
    dispatcher = steps.register(host)
    steps.emit(host, clinic="clinic-2")
    (claimed,) = steps.claim(host, dispatcher)

    session.rows("select outbound_webhooks.pause_endpoint(%s, 'it moves')", paused.id)
    steps.record(host, steps.result(claimed, dispatcher, steps.RETRY, disable="answered 410 Gone"))
    shown = {scope: row for (_, scope), row in switches(host).items() if scope.startswith("endpoint")}
    session.rows("select outbound_webhooks.resume_endpoint(%s)", paused.id)
    resumed_by = host.value("select state_changed_by from outbound_webhooks.endpoints where id = %s", paused.id)
    session.rows("select outbound_webhooks.retire_endpoint(%s)", active.id)
    retired_by = host.value("select state_changed_by from outbound_webhooks.endpoints where id = %s", active.id)
    after = [scope for _, scope in switches(host) if scope.startswith("endpoint")]
    session.rows("reset session authorization")
    host.rows("drop role operator")

    assert {(scope, row["is_on"], row["changed_by"], row["reason"]) for scope, row in shown.items()} == {
        (f"endpoint {paused.id}", False, "operator", "paused: it moves"),
        (f"endpoint {gone.id}", False, host.value("select session_user"), "disabled: answered 410 Gone"),
    }
    assert all(row["since"] is not None for row in shown.values())
    assert resumed_by == retired_by == "operator"
    assert after == [f"endpoint {gone.id}"]
    assert active.id not in {paused.id, gone.id}
