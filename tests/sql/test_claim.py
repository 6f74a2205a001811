"""claim_deliveries: what can start now, and nothing else; fairly; to one dispatcher at a time."""

from datetime import timedelta

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.steps import SECRET, claim, emit, endpoint, ids, register, visit
from tests.support.host import Host


def test_a_claim_has_all_that_sending_needs(sandbox: Host) -> None:
    """One row: the event and its exact body, the endpoint's address and limits, the attempt, the secret."""
    created = endpoint(sandbox, secret=SECRET, timeout_seconds=7, max_in_flight=3, retry_schedule=[0, 60])
    (delivery,) = emit(sandbox)
    (event,) = sandbox.rows("select id, type, body from outbound_webhooks.events")
    dispatcher = register(sandbox)

    (claimed,) = claim(sandbox, dispatcher)
    (lease,) = sandbox.rows(
        "select lease_owner, lease_token, created_at, next_attempt_at,"
        " extract(epoch from lease_until - leased_at)::integer as seconds from outbound_webhooks.deliveries"
    )

    assert claimed == {
        "endpoint_id": created.id,
        "oldest": lease["next_attempt_at"],
        "clinic_id": "clinic-1",
        "is_hungry": False,
        "look_again_in": None,
        "delivery_id": delivery,
        "event_id": event["id"],
        "event_type": event["type"],
        "body": event["body"],
        "created_at": lease["created_at"],
        "lease_token": lease["lease_token"],
        "attempt_number": 1,
        "failure_count": 0,
        "url": steps.URL,
        "timeout_seconds": 7,
        "is_probe": False,
        "is_suspect": True,
        "retry_schedule": [0, 60],
        "secrets": [SECRET],
        "headers": None,
        "traceparent": None,
        "request_id": None,
    }
    assert lease["lease_owner"] == dispatcher
    assert lease["seconds"] == 7 + 10


def test_only_what_is_due(sandbox: Host) -> None:
    """A delivery whose next attempt lies ahead stays where it is; the due ones go oldest due first."""
    endpoint(sandbox)
    first, second, third, ahead = emit(sandbox, 4)
    for delivery, offset in ((first, -60), (second, -180), (third, -120), (ahead, 3600)):
        sandbox.rows(
            "update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() + make_interval(secs => %s)"
            " where id = %s",
            offset, delivery,
        )  # fmt: skip
    dispatcher = register(sandbox)

    oldest_two = claim(sandbox, dispatcher, limit=2)
    rest = claim(sandbox, dispatcher)

    assert ids(oldest_two) == [second, third]
    assert ids(rest) == [first]


def test_a_first_attempt_may_be_delayed(sandbox: Host) -> None:
    """A retry schedule that does not begin with 0 delays the first attempt by that."""
    endpoint(sandbox, retry_schedule=[3600, 60])
    (delivery,) = emit(sandbox)
    dispatcher = register(sandbox)

    claimed = claim(sandbox, dispatcher)
    wait = sandbox.value(
        "select next_attempt_at - created_at from outbound_webhooks.deliveries where id = %s", delivery
    )

    assert claimed == []
    assert wait == timedelta(hours=1)


@pytest.mark.parametrize("state", ["paused", "disabled", "retired"])
def test_nothing_of_an_endpoint_that_is_not_active(sandbox: Host, state: str) -> None:
    """The claim itself looks at the endpoint's state: it needs no settling before."""
    created = endpoint(sandbox)
    emit(sandbox)
    dispatcher = register(sandbox)
    steps.set_state(sandbox, created.id, state)

    claimed = claim(sandbox, dispatcher)

    assert claimed == []


def test_nothing_that_is_parked(sandbox: Host) -> None:
    """Of an endpoint that is active again but not settled yet: what is due, and not what is still parked."""
    created = endpoint(sandbox)
    emit(sandbox, 2)
    steps.set_state(sandbox, created.id, "paused")
    steps.settle(sandbox)
    steps.set_state(sandbox, created.id, "active")
    fresh = emit(sandbox)

    claimed = claim(sandbox, register(sandbox))

    assert ids(claimed) == fresh


def test_within_room_and_limit(sandbox: Host) -> None:
    """An endpoint gets no more than max_in_flight less what is in flight; a round no more than its limit."""
    narrow, wide = endpoint(sandbox, max_in_flight=3), endpoint(sandbox, max_in_flight=6)
    emit(sandbox, 10)
    dispatcher = register(sandbox)

    def share(rows: list[steps.Row]) -> dict[int, int]:
        return {
            e.id: sum(1 for row in rows if row["endpoint_id"] == e.id and row["delivery_id"]) for e in (narrow, wide)
        }

    cut_short = share(visit(sandbox, dispatcher, limit=4))
    by_another = share(visit(sandbox, register(sandbox)))
    full = share(visit(sandbox, dispatcher))

    assert cut_short == {narrow.id: 3, wide.id: 1}
    assert by_another == {narrow.id: 0, wide.id: 5}
    assert full == {narrow.id: 0, wide.id: 0}


def test_rounds_rotate(sandbox: Host) -> None:
    """A round begins behind the cursor, and names every endpoint it visited, also those it got nothing of."""
    first, second, third = (endpoint(sandbox) for _ in range(3))
    emit(sandbox)
    dispatcher = register(sandbox)
    steps.set_state(sandbox, second.id, "paused")

    behind_first = visit(sandbox, dispatcher, after=first.id)
    from_the_start = visit(sandbox, dispatcher)

    assert {row["endpoint_id"]: row["delivery_id"] is not None for row in behind_first} == {
        second.id: False,
        third.id: True,
    }
    assert {row["endpoint_id"]: row["delivery_id"] is not None for row in from_the_start} == {
        first.id: True,
        second.id: False,
        third.id: False,
    }


def test_a_round_that_is_cut_short_serves_the_first_endpoints(sandbox: Host) -> None:
    """The next round begins behind the last one served: whoever was left out before it would wait for ever."""
    clinics = [f"clinic-{number}" for number in (9, 10, 1, 8, 2)]
    endpoints = [endpoint(sandbox, clinic).id for clinic in clinics]
    for clinic in clinics:
        emit(sandbox, 3, clinic=clinic)
    dispatcher = register(sandbox)

    served = []
    cursor = 0
    for _ in range(3):
        rows = visit(sandbox, dispatcher, limit=4, after=cursor)
        found = sorted(int(row["endpoint_id"]) for row in rows if row["delivery_id"] is not None)
        served.append(found)
        cursor = max(found)

    assert served == [
        [*[endpoints[0]] * 3, endpoints[1]],
        [*[endpoints[2]] * 3, endpoints[3]],
        [endpoints[4]] * 3,
    ]


def test_a_round_visits_so_many_endpoints(sandbox: Host) -> None:
    """However many endpoints have work, one round looks at some; the next one begins behind the last of them."""
    sandbox.rows(
        "insert into outbound_webhooks.endpoints (clinic_id, url) select 'clinic-1', %s from generate_series(1, 25)",
        steps.URL,
    )
    emit(sandbox)
    dispatcher = register(sandbox)

    visited = [int(row["endpoint_id"]) for row in visit(sandbox, dispatcher, visits=20)]
    following = visit(sandbox, dispatcher, visits=20, after=max(visited))

    assert len(visited) == 20
    assert len([row for row in following if row["delivery_id"]]) == 5


def test_what_another_session_writes_is_not_waited_for(host: Host, connect: Connect) -> None:
    """A payment is being written and not committed: the claim gets what is committed, and the rest later."""
    endpoint(host)
    writer, dispatcher = connect(), register(host)
    (committed,) = emit(host)

    with writer.connection.transaction():
        (uncommitted,) = emit(writer)
        during = claim(host, dispatcher)
    after = claim(host, dispatcher)

    assert ids(during) == [committed]
    assert ids(after) == [uncommitted]


def test_in_order(sandbox: Host) -> None:
    """An ordered endpoint gives the oldest live delivery of each payment; the next only when that one is finished."""
    endpoint(sandbox, ordering="per_resource")
    a1, a2 = emit(sandbox, 2, resource_id="a")
    (b1,) = emit(sandbox, resource_id="b")
    dispatcher = register(sandbox)

    heads = claim(sandbox, dispatcher)
    while_in_flight = claim(sandbox, dispatcher)
    steps.record(sandbox, steps.result(heads[0], dispatcher, steps.RETRY))
    while_it_waits = claim(sandbox, dispatcher)
    steps.make_due(sandbox)
    (again,) = claim(sandbox, dispatcher)
    steps.record(sandbox, steps.result(again, dispatcher, steps.SUCCEEDED))
    following = claim(sandbox, dispatcher)

    assert ids(heads) == [a1, b1]
    assert while_in_flight == []
    assert while_it_waits == []
    assert ids([again]) == [a1]
    assert ids(following) == [a2]


def test_secrets_newest_first(sandbox: Host) -> None:
    """Every key that is valid now is handed over, newest first, sealed ones sealed; expired keys are left out."""
    created = endpoint(sandbox, secret=SECRET)
    for sealed, valid_until in (("expired", -1), ("overlapping", 3600), ("newest", None)):
        sandbox.rows(
            "insert into outbound_webhooks.endpoint_secrets (clinic_id, endpoint_id, sealed, created_at, valid_until)"
            " values ('clinic-1', %s, %s, clock_timestamp() - interval '1 day',"
            " clock_timestamp() + make_interval(secs => %s))",
            created.id, sealed, valid_until,
        )  # fmt: skip
    emit(sandbox)

    (claimed,) = claim(sandbox, register(sandbox))

    assert claimed["secrets"] == ["newest", "overlapping", SECRET]


def test_the_endpoints_of_one_clinic_share(sandbox: Host) -> None:
    """A clinic gets its share and no more, however many endpoints it has; the one with least in flight comes first."""
    many = [endpoint(sandbox) for _ in range(6)]
    other = endpoint(sandbox, clinic="clinic-2")
    emit(sandbox, 20)
    emit(sandbox, 20, clinic="clinic-2")
    dispatcher = register(sandbox)

    first = steps.by_endpoint(visit(sandbox, dispatcher, share=12))
    for_the_rest = steps.by_endpoint(visit(sandbox, dispatcher, share=16, busy={"clinic-1": 12, "clinic-2": 10}))

    assert first == {many[0].id: 10, many[1].id: 2, other.id: 10}
    assert for_the_rest == {many[2].id: 4}


def test_an_endpoint_without_work_takes_nothing_of_the_share(sandbox: Host) -> None:
    """What counts is what an endpoint has to send, not what it has room for."""
    idle = endpoint(sandbox, event_types=["a.b"])
    waiting = endpoint(sandbox, event_types=["payment_transaction.created"])
    sandbox.rows("select outbound_webhooks.emit('clinic-1', 'a.b', 'a', '1', '{}')")
    emit(sandbox, 20)
    dispatcher = register(sandbox)

    found = steps.by_endpoint(visit(sandbox, dispatcher, share=10))

    assert found == {idle.id: 1, waiting.id: 9}
