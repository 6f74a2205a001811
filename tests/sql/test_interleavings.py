"""Two sessions in a named order: nobody waits who need not, nothing is leased, counted or ended twice."""

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import (
    DEAD,
    RETRY,
    SUCCEEDED,
    Row,
    Session,
    claim,
    emit,
    endpoint,
    flow,
    ids,
    record,
    register,
    result,
    visit,
)
from tests.support.host import Host

PAUSE = "select outbound_webhooks.pause_endpoint(%s)"
TELL = "select outbound_webhooks.tell_operations()"
MAY_START = "select outbound_webhooks.may_start(%s, %s)"
# Where a session that asks for it waits while it reads endpoints, with the view of the data that it began with.
GATE = """
create function public.gate() returns boolean language plpgsql volatile as $$
begin
    if current_setting('gate.waits', true) = 'yes' then
        perform pg_advisory_lock_shared(1);
    end if;
    return true;
end
$$;
create policy gate on outbound_webhooks.endpoints using (public.gate());
alter table outbound_webhooks.endpoints force row level security;
"""


def test_one_at_a_time_claims_for_an_endpoint(host: Host, connect: Connect) -> None:
    """A claims in an open transaction: B does not wait, gets nothing, and is told to look again soon; then the rest."""
    created = endpoint(host, max_in_flight=4)
    emit(host, 5)
    a, b = connect(), connect()
    first, second = register(a), register(b)
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        claimed_by_a = claim(a, first, limit=3)
        (told,) = visit(b, second)
    claimed_by_b = claim(b, second)
    owners = host.rows("select lease_owner from outbound_webhooks.deliveries order by id")

    assert len(claimed_by_a) == 3
    assert {name: told[name] for name in ("endpoint_id", "delivery_id", "look_again_in")} == {
        "endpoint_id": created.id,
        "delivery_id": None,
        "look_again_in": 0.01,
    }
    assert len(claimed_by_b) == 1
    assert owners == [{"lease_owner": owner} for owner in (first, first, first, second, None)]


def test_endpoints_that_nobody_claims_for_are_claimed(host: Host, connect: Connect) -> None:
    """A holds one endpoint: B gets what the other one has, and leaves the first to A."""
    held, free = endpoint(host), endpoint(host)
    emit(host, 2)
    a, b = connect(), connect()
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        a.rows("select from outbound_webhooks.endpoint_flow where endpoint_id = %s for no key update", held.id)
        claimed_by_b = claim(b, register(b))

    assert [row["endpoint_id"] for row in claimed_by_b] == [free.id, free.id]


def test_a_claim_that_is_taken_back(host: Host, connect: Connect) -> None:
    """A claims, and its transaction is rolled back: nothing is leased or counted, and B gets all of it."""
    created = endpoint(host)
    deliveries = emit(host, 3)
    a = connect()
    dispatcher = register(host)

    with a.connection.transaction(force_rollback=True):
        claimed = claim(a, dispatcher)

    assert ids(claimed) == deliveries
    assert flow(host, created.id)["in_flight"] == 0
    assert ids(claim(host, dispatcher)) == deliveries


def test_a_claim_before_a_pause(host: Host, connect: Connect) -> None:
    """A claims in an open transaction: the pause does not wait; what A got may not start late, and nothing follows."""
    created = endpoint(host, max_in_flight=2)
    emit(host, 3)
    a, b = connect(), connect()
    dispatcher = register(host)
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        claimed = claim(a, dispatcher)
        b.rows(PAUSE, created.id)
    late = [host.value(MAY_START, row["delivery_id"], row["lease_token"]) for row in claimed]
    record(host, *(result(row, dispatcher, RETRY, retry_in=0) for row in claimed))
    settled = steps.settle(host)

    assert late == [False, False]
    assert claim(host, dispatcher) == []
    assert settled == 3
    assert set(steps.states(host).values()) == {"parked"}


def test_a_pause_before_a_claim(host: Host, connect: Connect) -> None:
    """A pauses in an open transaction: a claim does not wait, and may get something; after the commit it does not."""
    created = endpoint(host, max_in_flight=1)
    emit(host, 2)
    a, b = connect(), connect()
    dispatcher = register(host)
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        a.rows(PAUSE, created.id)
        (claimed,) = claim(b, dispatcher)
    steps.release(host, [claimed])

    assert claim(b, dispatcher) == []


def test_a_claim_begun_before_a_disabling(host: Host, connect: Connect) -> None:
    """A has seen the endpoint active and waits; a 410 is recorded, which frees its only place: A gets nothing of it."""
    endpoint(host, max_in_flight=1)
    emit(host, 2)
    a = connect()
    dispatcher = register(host)
    (claimed,) = claim(host, dispatcher)
    host.rows(GATE)
    a.rows("set gate.waits = 'yes'")

    with background() as running:
        with host.connection.transaction():
            host.rows("select pg_advisory_xact_lock(1)")
            call = running.submit(claim, a, dispatcher)
            until_blocked(host, a, call)
            changes = steps.changes(connect(), result(claimed, dispatcher, RETRY, retry_in=0, disable="gone"))
        claimed_by_a = call.result(timeout=60)

    assert [change for _, change, _ in changes] == ["disabled"]
    assert claimed_by_a == []


def test_a_claim_before_parking(host: Host, connect: Connect) -> None:
    """A claims some in an open transaction: who parks passes over those, and parks the others."""
    created = endpoint(host, max_in_flight=2)
    first, second, third = emit(host, 3)
    a, b = connect(), connect()
    dispatcher = register(host)
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        claim(a, dispatcher)
        b.rows(PAUSE, created.id)
        parked = steps.settle(b)

    assert parked == 1
    assert steps.states(host) == {first: "in_flight", second: "in_flight", third: "parked"}


def test_a_claim_before_a_retirement(host: Host, connect: Connect) -> None:
    """A claims in an open transaction: who cancels waits for A, and leaves to its result what A leased."""
    created = endpoint(host, max_in_flight=2)
    first, second, third = emit(host, 3)
    a, b = connect(), connect()
    dispatcher = register(host)

    with background() as running:
        with a.connection.transaction():
            succeeded, failed = claim(a, dispatcher)
            steps.set_state(b, created.id, "retired")
            call = running.submit(steps.settle, b)
            until_blocked(host, b, call)
        cancelled = call.result(timeout=60)
    record(host, result(succeeded, dispatcher, SUCCEEDED), result(failed, dispatcher, RETRY, retry_in=0))
    later = (claim(host, dispatcher), steps.settle(host))

    assert cancelled == 1
    assert later == ([], 1)
    assert steps.states(host) == {first: "succeeded", second: "cancelled", third: "cancelled"}


def test_a_retirement_before_a_claim(host: Host, connect: Connect) -> None:
    """A retires and cancels in an open transaction: a claim does not wait, and gets nothing of it."""
    created = endpoint(host)
    emit(host, 3)
    a, b = connect(), connect()
    dispatcher = register(host)
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        steps.set_state(a, created.id, "retired")
        steps.settle(a)
        claimed = claim(b, dispatcher)

    assert claimed == []
    assert set(steps.states(host).values()) == {"cancelled"}


@pytest.mark.parametrize("end", ["flush", "release"])
def test_leases_of_the_same_endpoints_end(host: Host, connect: Connect, end: str) -> None:
    """A and B end leases of two endpoints, each in its own order, and C holds the first: no deadlock, all counted."""
    first, second = endpoint(host).id, endpoint(host).id
    emit(host, 2)
    dispatcher = register(host)
    a1, b1, b2, a2 = sorted(claim(host, dispatcher), key=lambda row: (row["endpoint_id"], row["delivery_id"]))
    a, b, c = connect(), connect(), connect()

    def act(session: Session, *rows: Row) -> int:
        if end == "release":
            return steps.release(session, rows)
        return len(record(session, *(result(row, dispatcher, RETRY) for row in rows)))

    with background() as one, background() as another:
        with c.connection.transaction():
            c.rows("select from outbound_webhooks.endpoint_flow where endpoint_id = %s for no key update", first)
            by_a = one.submit(act, a, a1, a2)
            until_blocked(host, a, by_a)
            by_b = another.submit(act, b, b2, b1)
            until_blocked(host, b, by_b)
        ended = [call.result(timeout=60) for call in (by_a, by_b)]

    assert ended == [2, 2]
    assert [flow(host, one_of_them)["in_flight"] for one_of_them in (first, second)] == [0, 0]


def test_a_flush_and_a_resume(host: Host, connect: Connect) -> None:
    """A resumes in an open transaction, and so holds endpoint and flow: a 410 waits for it, and then disables."""
    created = endpoint(host)
    emit(host)
    dispatcher = register(host)
    (claimed,) = claim(host, dispatcher)
    host.rows(PAUSE, created.id)
    a, b = connect(), connect()

    with background() as running:
        with a.connection.transaction():
            a.rows("select outbound_webhooks.resume_endpoint(%s)", created.id)
            call = running.submit(steps.changes, b, result(claimed, dispatcher, RETRY, disable="gone"))
            until_blocked(host, b, call)
        told = call.result(timeout=60)

    assert told == [(created.id, "disabled", "gone")]
    assert host.value("select state from outbound_webhooks.endpoints") == "disabled"


def test_two_leaders_tell_at_once(host: Host, connect: Connect) -> None:
    """A tells of a death in an open transaction: B does not wait, and does not tell of it again."""
    endpoint(host)
    endpoint(host, event_types=["delivery.dead"])
    emit(host)
    dispatcher = register(host)
    (claimed,) = claim(host, dispatcher)
    record(host, result(claimed, dispatcher, DEAD))
    a, b = connect(), connect()
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        told = [a.value(TELL), b.value(TELL)]
    told.append(b.value(TELL))

    assert told == [1, 0, 0]
    assert host.value("select count(*) from outbound_webhooks.events where resource = 'delivery'") == 1
