"""What dispatchers do beside delivering: being there, leading, settling, counting."""

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import claim, emit, endpoint, register
from tests.support.host import Host

HEARTBEAT = "select outbound_webhooks.heartbeat(%s)"
STOP = "select outbound_webhooks.stop_dispatcher(%s)"


def finished(host: Host) -> list[steps.Row]:
    """What ended, and why."""
    return host.rows("select id, state, reason from outbound_webhooks.finished_deliveries order by id")


def test_one_leader(sandbox: Host) -> None:
    """The first leads and keeps leading; another takes over when the lease lapsed or its holder stopped."""
    a, b = register(sandbox), register(sandbox)

    first = [sandbox.value(HEARTBEAT, a), sandbox.value(HEARTBEAT, b), sandbox.value(HEARTBEAT, a)]
    sandbox.rows("update outbound_webhooks.leadership set held_until = clock_timestamp() - interval '1 second'")
    lapsed = [sandbox.value(HEARTBEAT, b), sandbox.value(HEARTBEAT, a)]
    sandbox.rows(STOP, b)
    stopped = [sandbox.value(HEARTBEAT, a), sandbox.value(HEARTBEAT, b)]

    assert first == [True, False, True]
    assert lapsed == [True, False]
    assert stopped == [True, False]


def test_two_reach_for_the_leadership_at_once(host: Host, connect: Connect) -> None:
    """A takes it and has not committed, B reaches for it: one of them leads."""
    a, b = connect(), connect()
    first, second = register(a), register(b)
    with background() as running:
        with a.connection.transaction():
            a_leads = a.value(HEARTBEAT, first)
            call = running.submit(b.value, HEARTBEAT, second)
            until_blocked(host, b, call)
        b_leads = call.result(timeout=60)

    assert (a_leads, b_leads) == (True, False)
    assert host.value("select dispatcher_id from outbound_webhooks.leadership") == first


def test_back_from_the_dead(sandbox: Host) -> None:
    """A heartbeat of a dispatcher that was noted as stopped makes it one that lives."""
    endpoint(sandbox)
    emit(sandbox)
    frozen, other = register(sandbox), register(sandbox)
    claim(sandbox, frozen)
    sandbox.rows(STOP, frozen)

    sandbox.rows(HEARTBEAT, frozen)

    assert claim(sandbox, other) == []


def test_settle_in_batches(sandbox: Host) -> None:
    """A call moves at most its limit, of each kind; fewer than the limit means that all is done."""
    created = endpoint(sandbox)
    emit(sandbox, 5)

    def rounds(state: str) -> list[int]:
        steps.set_state(sandbox, created.id, state)
        return [steps.settle(sandbox, limit=2) for _ in range(4)]

    assert rounds("paused") == [2, 2, 1, 0]
    assert rounds("active") == [2, 2, 1, 0]
    assert rounds("disabled") == [2, 2, 1, 0]
    assert rounds("retired") == [2, 2, 1, 0]
    assert {(row["state"], row["reason"]) for row in finished(sandbox)} == {("cancelled", "endpoint retired")}


def test_settling_skips_what_another_session_holds(host: Host, connect: Connect) -> None:
    """A delivery that is being claimed at this moment is left alone, and nobody waits for it."""
    created = endpoint(host)
    emit(host, 2)
    other, dispatcher = connect(), register(host)
    host.rows("set statement_timeout = '30s'")

    with other.connection.transaction():
        (claimed,) = claim(other, dispatcher, limit=1)
        steps.set_state(host, created.id, "paused")
        moved = steps.settle(host)

    assert moved == 1
    assert steps.states(host)[claimed["delivery_id"]] == "in_flight"


def test_stats(sandbox: Host) -> None:
    """The numbers behind the gauges."""
    paused = endpoint(sandbox, "clinic-2")
    emit(sandbox, clinic="clinic-2")
    steps.set_state(sandbox, paused.id, "paused")
    steps.settle(sandbox)
    endpoint(sandbox)
    emit(sandbox, 3)
    claim(sandbox, register(sandbox), limit=1)
    sandbox.rows("drop function outbound_webhooks.payload_payment_transactions")
    sandbox.pay()

    (stats,) = sandbox.rows("select * from outbound_webhooks.stats()")

    assert {name: stats[name] for name in ("pending", "in_flight", "parked", "open_capture_errors")} == {
        "pending": 2, "in_flight": 1, "parked": 1, "open_capture_errors": 1,
    }  # fmt: skip
    assert stats["partition_days_ahead"] == sandbox.value("select outbound_webhooks.partition_days_ahead()")
