"""Turning delivery on and off: what waited while it was off is treated once, as chosen."""

from datetime import timedelta

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import claim, emit, endpoint, register
from tests.support.host import Host

BEGIN = "select outbound_webhooks.begin_delivery(%s, %s)"
HEARTBEAT = "select outbound_webhooks.heartbeat(%s)"
STOP = "select outbound_webhooks.stop_dispatcher(%s)"
LONG_AGO = (
    "heartbeat_at = heartbeat_at - make_interval(mins => %s), stopped_at = stopped_at - make_interval(mins => %s)"
)


def finished(host: Host) -> list[steps.Row]:
    """What ended, and why."""
    return host.rows("select id, state, reason from outbound_webhooks.finished_deliveries order by id")


def delivering(host: Host) -> object:
    """Whether delivery counts as turned on."""
    return host.value("select delivering from outbound_webhooks.settings")


def test_drain(sandbox: Host) -> None:
    """What waits is spread over time at the rate, oldest first; what is due later keeps its time."""
    endpoint(sandbox)
    waiting = emit(sandbox, 5)
    (later,) = emit(sandbox)
    sandbox.rows(
        "update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() + interval '1 day',"
        " attempt_count = 1, failure_count = 1 where id = %s",
        later,
    )
    # The oldest delivery is not the one that is due first.
    sandbox.rows(
        "update outbound_webhooks.deliveries set next_attempt_at = next_attempt_at - interval '1 day' where id = %s",
        waiting[3],
    )

    count = sandbox.value(BEGIN, "drain", 2)
    due = sandbox.rows(
        "select d.id, d.next_attempt_at - s.delivering_since as after"
        " from outbound_webhooks.deliveries as d, outbound_webhooks.settings as s order by d.next_attempt_at"
    )

    assert count == 5
    assert [row["id"] for row in due] == [*waiting, later]
    assert [row["after"] for row in due[:5]] == [timedelta(seconds=n / 2) for n in range(5)]
    assert delivering(sandbox) is True


def test_what_is_parked_has_no_place(sandbox: Host) -> None:
    """It is not sent, and so holds up nobody: a stopped endpoint's thousands do not stand in front of the others."""
    stopped, other = endpoint(sandbox), endpoint(sandbox, clinic="clinic-2")
    emit(sandbox, 3)
    sandbox.rows("select outbound_webhooks.pause_endpoint(%s)", stopped.id)
    steps.settle(sandbox)
    (free,) = emit(sandbox, clinic="clinic-2")

    count = sandbox.value(BEGIN, "drain", 1)
    (row,) = sandbox.rows(
        "select d.id, d.next_attempt_at = s.delivering_since as is_first"
        " from outbound_webhooks.deliveries as d, outbound_webhooks.settings as s where d.endpoint_id = %s",
        other.id,
    )

    assert count == 1
    assert row == {"id": free, "is_first": True}


def test_a_second_drain_takes_over_the_first(sandbox: Host) -> None:
    """Delivery goes off while a backlog drains, and on again: all of it is spread anew, oldest first."""
    endpoint(sandbox)
    waiting = emit(sandbox, 4)
    sandbox.rows(BEGIN, "drain", 1)  # one is due at once, the others one after the other
    sandbox.rows("select outbound_webhooks.set_delivery(false)")

    count = sandbox.value("select outbound_webhooks.set_delivery(true, p_rate => 1)")
    due = sandbox.rows(
        "select d.id, d.next_attempt_at - s.delivery_changed_at as after"
        " from outbound_webhooks.deliveries as d, outbound_webhooks.settings as s order by d.next_attempt_at"
    )

    assert count == 4
    assert [row["id"] for row in due] == waiting
    assert [row["after"] for row in due] == [timedelta(seconds=n) for n in range(4)]


def test_a_first_delay_is_kept(sandbox: Host) -> None:
    """An endpoint whose first attempt comes after a while: no drain makes it come earlier."""
    endpoint(sandbox, retry_schedule=[3600])
    emit(sandbox)

    sandbox.rows(BEGIN, "drain", 1)

    assert sandbox.value("select next_attempt_at - created_at from outbound_webhooks.deliveries") == timedelta(hours=1)


def test_from_now(sandbox: Host) -> None:
    """What waits is cancelled with the reason, parked deliveries too; what comes afterwards is due."""
    endpoint(sandbox)
    waiting = emit(sandbox, 2)
    paused = endpoint(sandbox, "clinic-2")
    parked = emit(sandbox, clinic="clinic-2")
    steps.set_state(sandbox, paused.id, "paused")
    steps.settle(sandbox)

    count = sandbox.value(BEGIN, "from-now", 1)
    fresh = emit(sandbox)

    assert count == 3
    assert finished(sandbox) == [
        {"id": i, "state": "cancelled", "reason": "waited while delivery was off"} for i in [*waiting, *parked]
    ]
    assert steps.ids(claim(sandbox, register(sandbox))) == fresh


@pytest.mark.parametrize("backlog", ["drain", "from-now"])
def test_turned_on_once(sandbox: Host, backlog: str) -> None:
    """While delivery is on, a dispatcher that starts treats nothing: what waits then is no backlog."""
    endpoint(sandbox)
    sandbox.rows(BEGIN, "drain", 1)
    waiting = emit(sandbox, 3)

    count = sandbox.value(BEGIN, backlog, 1)

    assert count == 0
    assert steps.ids(claim(sandbox, register(sandbox))) == waiting


def test_from_now_with_the_leases_of_a_dead_dispatcher(sandbox: Host) -> None:
    """A delivery whose lease ran out while delivery was off is waiting: it is cancelled, its request stands as lost."""
    endpoint(sandbox)
    (delivery,) = emit(sandbox)
    claim(sandbox, register(sandbox))
    steps.let_leases_expire(sandbox)

    count = sandbox.value(BEGIN, "from-now", 1)

    assert count == 1
    assert steps.states(sandbox) == {delivery: "cancelled"}
    assert [attempt["outcome"] for attempt in steps.attempts(sandbox)] == ["lost"]


def test_two_turn_it_on_at_once(host: Host, connect: Connect) -> None:
    """A begins, B waits for A, A commits: the backlog is treated once, and B finds delivery turned on."""
    endpoint(host)
    emit(host, 3)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            treated_by_a = a.value(BEGIN, "drain", 1)
            call = running.submit(b.value, BEGIN, "from-now", 1)
            until_blocked(host, b, call)
        treated_by_b = call.result(timeout=60)

    assert treated_by_a == 3
    assert treated_by_b == 0
    assert set(steps.states(host).values()) == {"pending"}


def test_a_claim_while_it_is_turned_on(host: Host, connect: Connect) -> None:
    """A, a dispatcher that is back, claims; B begins, and waits for A; A commits: what A claimed keeps its time."""
    endpoint(host)
    (claimed,) = emit(host)
    a, b = connect(), connect()
    dispatcher = register(host)
    due = "select next_attempt_at from outbound_webhooks.deliveries"
    before = host.value(due)
    with background() as running:
        with a.connection.transaction():
            assert steps.ids(claim(a, dispatcher)) == [claimed]
            call = running.submit(b.value, BEGIN, "drain", 1)
            until_blocked(host, b, call)
        treated = call.result(timeout=60)

    assert treated == 0
    assert host.value(due) == before
    assert delivering(host) is True


def test_payments_go_on_while_it_is_turned_on(host: Host, connect: Connect) -> None:
    """A backlog that is being treated does not hold up a payment."""
    endpoint(host)
    emit(host, 3)
    starting = connect()
    host.rows("set statement_timeout = '30s'")

    with starting.connection.transaction():
        starting.rows(BEGIN, "from-now", 1)
        host.pay()
    left = steps.states(host)

    assert sorted(left.values()) == ["cancelled"] * 3 + ["pending"]


@pytest.mark.parametrize(("backlog", "rate"), [("flood", 1), ("drain", 0), ("from-now", -1)])
def test_begin_delivery_refuses(sandbox: Host, backlog: str, rate: int) -> None:
    """An unknown treatment, or a rate that never ends, is refused."""
    with pytest.raises(psycopg.errors.InvalidParameterValue) as caught, sandbox.connection.transaction():
        sandbox.rows(BEGIN, backlog, rate)

    assert caught.value.diag.message_primary == "backlog must be drain or from-now, and the rate at least 1 a second"
    assert delivering(sandbox) is False


def test_delivery_turned_off(sandbox: Host) -> None:
    """Off once a dispatcher without delivery finds that nobody has delivered for 10 minutes; on as long as one has."""
    one, other = register(sandbox), register(sandbox)
    without = register(sandbox, delivering=False)
    sandbox.rows(BEGIN, "drain", 1)

    def after_beat_of(dispatcher: int, minutes: int) -> object:
        sandbox.rows(f"update outbound_webhooks.dispatchers set {LONG_AGO} where delivering", *[minutes] * 2)
        sandbox.rows(HEARTBEAT, dispatcher)
        return delivering(sandbox)

    sandbox.rows(STOP, one)
    at_once = after_beat_of(without, 0)
    soon = after_beat_of(without, 9)
    by_one_that_delivers = after_beat_of(other, 2)
    long_after = after_beat_of(without, 11)

    assert [at_once, soon, by_one_that_delivers, long_after] == [True, True, True, False]
