"""Ordered endpoints: one delivery of a payment at a time, oldest first; the others are put off, and woken in turn."""

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import DEAD, RETRY, SUCCEEDED, Row, claim, emit, endpoint, ids, record, register, result, visit
from tests.support.host import Host

FINISH = "select outbound_webhooks.finish_deliveries(array[%s::bigint], %s, 'a test')"


def ordered(host: Host, count: int = 3) -> tuple[int, list[int]]:
    """A dispatcher, and deliveries about one payment to an ordered endpoint."""
    endpoint(host, ordering="per_resource")
    return register(host), emit(host, count)


def held_back(host: Host) -> list[int]:
    """The deliveries that were put off, as they wait behind another one."""
    rows = host.rows("select id from outbound_webhooks.deliveries where held_back order by id")
    return [int(str(row["id"])) for row in rows]


def waits(host: Host, delivery: int) -> str:
    """For how long a delivery waits, to the minute: not, or until when."""
    seconds = host.value(
        "select extract(epoch from next_attempt_at - statement_timestamp())::float8"
        " from outbound_webhooks.deliveries where id = %s",
        delivery,
    )
    return "not" if float(str(seconds)) <= 0 else f"{float(str(seconds)) / 60:.0f} min"


def deliver(host: Host, dispatcher: int, values: Row = SUCCEEDED) -> list[int]:
    """Claim what may go, and record a result for each of it; returns what went."""
    claimed = claim(host, dispatcher)
    record(host, *(result(row, dispatcher, values) for row in claimed))
    return ids(claimed)


def test_one_after_another(sandbox: Host) -> None:
    """Each delivery of a payment goes when the one before has ended, and no claim in between gets anything."""
    dispatcher, deliveries = ordered(sandbox, 5)
    went = []

    for values in (SUCCEEDED, DEAD, SUCCEEDED, DEAD, SUCCEEDED):
        (row,) = claim(sandbox, dispatcher)
        assert claim(sandbox, register(sandbox)) == []
        record(sandbox, result(row, dispatcher, values))
        went.append(row["delivery_id"])

    assert went == deliveries


def test_followers_are_put_off(sandbox: Host) -> None:
    """A claim or two later none looks at them any more; and only at those: another payment goes on."""
    dispatcher, (head, *followers) = ordered(sandbox, 4)
    (other,) = emit(sandbox, resource_id="another")

    claimed = claim(sandbox, dispatcher)
    later = claim(sandbox, dispatcher)
    (looked_at,) = visit(sandbox, dispatcher)

    assert ids(claimed) == [head, other]
    assert later == []
    assert looked_at["delivery_id"] is None
    assert held_back(sandbox) == followers
    assert [waits(sandbox, follower) for follower in followers] == ["1 min"] * 3
    assert [waits(sandbox, one) for one in (head, other)] == ["not", "not"]


def test_followers_wait_as_long_as_their_head(sandbox: Host) -> None:
    """A head that is tried again in an hour has followers that are not looked at for an hour."""
    dispatcher, (head, first, second) = ordered(sandbox)
    (row,) = claim(sandbox, dispatcher)
    record(sandbox, result(row, dispatcher, RETRY, retry_in=3600))
    sandbox.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() where id <> %s", head)

    claimed = claim(sandbox, dispatcher)

    assert claimed == []
    assert [waits(sandbox, one) for one in (head, first, second)] == ["60 min"] * 3


@pytest.mark.parametrize("end", ["succeeded", "dead", "cancelled"])
def test_the_next_one_is_due_at_once(sandbox: Host, end: str) -> None:
    """However the head ends; the one behind the next goes on waiting."""
    dispatcher, (head, first, second) = ordered(sandbox)
    (row,) = claim(sandbox, dispatcher)

    if end == "cancelled":
        record(sandbox, result(row, dispatcher, RETRY, retry_in=3600))
        sandbox.rows(FINISH, head, end)
    else:
        record(sandbox, result(row, dispatcher, SUCCEEDED if end == "succeeded" else DEAD))
    states = steps.states(sandbox)

    assert states == {head: end, first: "pending", second: "pending"}
    assert held_back(sandbox) == [second]
    assert (waits(sandbox, first), waits(sandbox, second)) == ("not", "1 min")
    assert ids(claim(sandbox, dispatcher)) == [first]


def test_a_failure_lets_nobody_pass(sandbox: Host) -> None:
    """While the head is tried again, the others wait; in the end all have come in order."""
    dispatcher, (head, first, second) = ordered(sandbox)
    went = [deliver(sandbox, dispatcher, RETRY)]
    went.append(deliver(sandbox, dispatcher))

    for _ in range(3):
        sandbox.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() where id = %s", head)
        went.append(deliver(sandbox, dispatcher))
    went.append(deliver(sandbox, dispatcher))

    assert went == [[head], [], [head], [first], [second], []]


def test_what_has_a_time_of_its_own_keeps_it(sandbox: Host) -> None:
    """A follower that was not put off for its order is not woken before its time."""
    endpoint(sandbox, ordering="per_resource", retry_schedule=[3600, 60])
    dispatcher = register(sandbox)
    head, follower = emit(sandbox, 2)
    sandbox.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() where id = %s", head)

    went = deliver(sandbox, dispatcher)

    assert went == [head]
    assert waits(sandbox, follower) == "60 min"


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_stopped_in_between(sandbox: Host, state: str) -> None:
    """Parked while a head was in flight, and resumed: still the oldest first, one at a time, new ones last."""
    dispatcher, deliveries = ordered(sandbox, 3)
    (head,) = claim(sandbox, dispatcher)
    steps.set_state(sandbox, head["endpoint_id"], state)
    steps.settle(sandbox)
    record(sandbox, result(head, dispatcher, RETRY, retry_in=0))
    steps.settle(sandbox)
    sandbox.rows("select outbound_webhooks.resume_endpoint(%s, 10000)", head["endpoint_id"])
    deliveries += emit(sandbox)
    went = [deliver(sandbox, dispatcher)]
    steps.settle(sandbox)
    steps.make_due(sandbox)

    went += [deliver(sandbox, dispatcher) for _ in range(5)]

    assert went == [[], *[[one] for one in deliveries], []]


def test_gone(sandbox: Host) -> None:
    """410 for the head: the endpoint is disabled, the head stays the first, and nothing of the payment goes."""
    dispatcher, deliveries = ordered(sandbox)
    (head,) = claim(sandbox, dispatcher)

    record(sandbox, result(head, dispatcher, RETRY, retry_in=0, http_status=410, disable="gone"))
    while_disabled = claim(sandbox, dispatcher)
    steps.settle(sandbox)
    sandbox.rows("select outbound_webhooks.resume_endpoint(%s, 10000)", head["endpoint_id"])
    steps.settle(sandbox)
    steps.make_due(sandbox)
    went = [deliver(sandbox, dispatcher) for _ in deliveries]

    assert while_disabled == []
    assert went == [[one] for one in deliveries]


def test_a_claim_puts_off_then_the_head_ends(host: Host, connect: Connect) -> None:
    """A claims, and puts the follower off; the head's result waits for A, and then lets the follower go."""
    dispatcher, (head,) = ordered(host, 1)
    (row,) = claim(host, dispatcher)
    (follower,) = emit(host)
    a, b = connect(), connect()

    with background() as running:
        with a.connection.transaction():
            claimed = claim(a, register(a))
            call = running.submit(record, b, result(row, dispatcher, SUCCEEDED))
            until_blocked(host, b, call)
        call.result(timeout=60)

    assert (ids([row]), claimed) == ([head], [])
    assert ids(claim(host, dispatcher)) == [follower]


def test_a_head_ends_while_a_claim_looks(host: Host, connect: Connect) -> None:
    """B records the head's result in an open transaction: A gets nothing, and puts nothing off for ever."""
    dispatcher, _ = ordered(host, 1)
    (row,) = claim(host, dispatcher)
    (follower,) = emit(host)
    a, b = connect(), connect()
    a.rows("set statement_timeout = '30s'")

    with b.connection.transaction():
        record(b, result(row, dispatcher, SUCCEEDED))
        (told,) = visit(a, dispatcher)
    put_off = held_back(host)

    assert (told["delivery_id"], told["look_again_in"]) == (None, 0.01)
    assert put_off == []
    assert ids(claim(host, dispatcher)) == [follower]


def test_a_claim_puts_off_then_the_head_is_cancelled(host: Host, connect: Connect) -> None:
    """A claims, and puts the follower off; who cancels the head waits for A, and then lets the follower go."""
    dispatcher, (head, follower) = ordered(host, 2)
    record(host, *(result(row, dispatcher, RETRY, retry_in=3600) for row in claim(host, dispatcher)))
    host.rows(
        "update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp(), held_back = false where id = %s",
        follower,
    )
    a, b = connect(), connect()

    with background() as running:
        with a.connection.transaction():
            claimed = claim(a, dispatcher)
            call = running.submit(b.rows, FINISH, head, "cancelled")
            until_blocked(host, b, call)
        call.result(timeout=60)

    assert claimed == []
    assert ids(claim(host, dispatcher)) == [follower]


def test_a_head_is_cancelled_while_a_claim_looks(host: Host, connect: Connect) -> None:
    """B cancels the head in an open transaction: A neither claims the follower nor puts it off."""
    dispatcher, (head, follower) = ordered(host, 2)
    record(host, *(result(row, dispatcher, RETRY, retry_in=3600) for row in claim(host, dispatcher)))
    host.rows(
        "update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp(), held_back = false where id = %s",
        follower,
    )
    a, b = connect(), connect()
    a.rows("set statement_timeout = '30s'")

    with b.connection.transaction():
        b.rows(FINISH, head, "cancelled")
        claimed = claim(a, dispatcher)
    put_off = held_back(host)

    assert (claimed, put_off) == ([], [])
    assert ids(claim(host, dispatcher)) == [follower]
