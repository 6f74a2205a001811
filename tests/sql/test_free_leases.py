"""free_leases: leases that ran out, or whose dispatcher is dead, and no others; once, however many look for them."""

from typing import Any

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import RETRY, SUCCEEDED, claim, emit, endpoint, flow, free_leases, ids, record, register, result
from tests.support.host import Host


def owners(host: Host) -> list[object]:
    """Who has each live delivery, oldest first."""
    return [row["lease_owner"] for row in host.rows("select lease_owner from outbound_webhooks.deliveries order by id")]


def outcomes(host: Host) -> list[tuple[Any, ...]]:
    """Every attempt, by delivery and number."""
    return [(row["delivery_id"], row["number"], row["outcome"]) for row in steps.attempts(host)]


def test_what_was_freed_is_as_due_as_it_was(sandbox: Host) -> None:
    """Only the lease goes: the number of the attempt stays used, nobody is charged, the time is the same."""
    endpoint(sandbox)
    emit(sandbox)
    before = sandbox.rows("select * from outbound_webhooks.deliveries")
    (claimed,) = claim(sandbox, register(sandbox))
    steps.let_leases_expire(sandbox)

    freed = [free_leases(sandbox, register(sandbox)) for _ in range(2)]

    assert freed == [1, 0]
    assert sandbox.rows("select * from outbound_webhooks.deliveries") == [{**before[0], "attempt_count": 1}]
    assert outcomes(sandbox) == [(claimed["delivery_id"], 1, "lost")]


def test_of_many_endpoints(sandbox: Host) -> None:
    """Each lease that ended is found, at whatever endpoint, and those that did not end are left."""
    several = [endpoint(sandbox) for _ in range(3)]
    emit(sandbox, 4)
    dead, alive = register(sandbox), register(sandbox)
    of_the_dead = claim(sandbox, dead, limit=6)
    of_the_living = claim(sandbox, alive)
    sandbox.rows("select outbound_webhooks.stop_dispatcher(%s)", dead)

    freed = free_leases(sandbox, alive)

    assert (len(of_the_dead), len(of_the_living), freed) == (6, 6, 6)
    assert sum(flow(sandbox, one.id)["in_flight"] for one in several) == 6
    assert sorted(d for d, *_ in outcomes(sandbox)) == ids(of_the_dead)


def test_behind_many_that_are_due(sandbox: Host) -> None:
    """A lease is found wherever it stands in the order: behind a backlog that was due before it, too."""
    endpoint(sandbox)
    (claimed,) = emit(sandbox)
    dispatcher = register(sandbox)
    claim(sandbox, dispatcher)
    emit(sandbox, 50)
    sandbox.rows(
        "update outbound_webhooks.deliveries set next_attempt_at = next_attempt_at - interval '1 day' where id <> %s",
        claimed,
    )
    steps.let_leases_expire(sandbox, claimed)

    assert free_leases(sandbox, dispatcher) == 1


def test_two_dispatchers_at_once(host: Host, connect: Connect) -> None:
    """A frees in an open transaction: B does not wait, and frees only what A did not; each lease is counted once."""
    created = endpoint(host)
    emit(host, 3)
    claimed = claim(host, register(host))
    steps.let_leases_expire(host)
    a, b = connect(), connect()
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        by_a = free_leases(a, register(a))
        by_b = free_leases(b, register(b))

    assert (by_a, by_b) == (3, 0)
    assert flow(host, created.id)["in_flight"] == 0
    assert outcomes(host) == [(i, 1, "lost") for i in ids(claimed)]


def test_claimed_anew_in_between(host: Host, connect: Connect) -> None:
    """B found an expired lease; before it locks the row, the delivery is free and claimed anew: that lease holds."""
    created = endpoint(host)
    emit(host)
    dispatcher, other = register(host), register(host)
    claim(host, dispatcher)
    steps.let_leases_expire(host)
    a, b = connect(), connect()

    with background() as running:
        with a.connection.transaction():
            # Where B writes lost attempts: it waits before it locks what it found.
            a.rows("lock table outbound_webhooks.attempts in access exclusive mode")
            call = running.submit(free_leases, b, other)
            until_blocked(host, b, call)
            host.rows(
                "update outbound_webhooks.deliveries"
                " set lease_owner = null, lease_token = null, leased_at = null, lease_until = null"
            )
            steps.change_flow(host, created.id, "in_flight = 0")
            (anew,) = claim(host, dispatcher)
        freed = call.result(timeout=60)

    assert freed == 0
    assert owners(host) == [dispatcher]
    assert host.value("select lease_token from outbound_webhooks.deliveries") == anew["lease_token"]
    assert outcomes(host) == []


def test_a_flush_before_a_takeover(host: Host, connect: Connect) -> None:
    """A records in an open transaction, though its lease ran out: B frees the other one, and counts it after A."""
    created = endpoint(host)
    emit(host, 2)
    dispatcher = register(host)
    first, second = claim(host, dispatcher)
    steps.let_leases_expire(host)
    a, b = connect(), connect()

    with background() as running:
        with a.connection.transaction():
            kept = record(a, result(first, dispatcher, SUCCEEDED))
            call = running.submit(free_leases, b, register(host))
            until_blocked(host, b, call)
        freed = call.result(timeout=60)

    assert (kept, freed) == ([first["lease_token"]], 1)
    assert flow(host, created.id)["in_flight"] == 0
    assert outcomes(host) == [(first["delivery_id"], 1, "succeeded"), (second["delivery_id"], 1, "lost")]


def test_a_takeover_before_a_flush(host: Host, connect: Connect) -> None:
    """B frees in an open transaction: A's result waits for it, and then is late, and decides nothing."""
    endpoint(host)
    emit(host)
    dispatcher = register(host)
    (claimed,) = claim(host, dispatcher)
    steps.let_leases_expire(host)
    a, b = connect(), connect()

    with background() as running:
        with b.connection.transaction():
            freed = free_leases(b, register(b))
            call = running.submit(record, a, result(claimed, dispatcher, RETRY))
            until_blocked(host, a, call)
        kept = call.result(timeout=60)

    assert (freed, kept) == (1, [])
    assert steps.states(host) == {claimed["delivery_id"]: "pending"}
    assert [(row["outcome"], row["note"]) for row in steps.attempts(host)] == [("failed", "late")]
