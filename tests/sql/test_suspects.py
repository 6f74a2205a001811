"""Suspects, endpoints that failed last or never took anything: what a dispatcher has in flight for them is bounded."""

from tests.sql import steps
from tests.sql.steps import by_endpoint, claim, emit, endpoint, record, register, result, visit
from tests.support.host import Host


def suspects(host: Host, count: int, waiting: int) -> list[int]:
    """So many new endpoints, each of a clinic of its own, and what waits for each."""
    created = [endpoint(host, f"clinic-{number}").id for number in range(count)]
    for number in range(count):
        emit(host, waiting, clinic=f"clinic-{number}")
    return created


def trusted(host: Host) -> int:
    """An endpoint that took what it was sent last."""
    created = endpoint(host, "trusted").id
    emit(host, clinic="trusted")
    dispatcher = register(host)
    (delivery,) = claim(host, dispatcher)
    record(host, result(delivery, dispatcher, steps.SUCCEEDED))
    return created


def test_who_is_suspect(sandbox: Host) -> None:
    """Until its first success, and from a failure to the next success."""
    endpoint(sandbox)
    emit(sandbox, 4)
    dispatcher = register(sandbox)

    seen = []
    for outcome in (steps.SUCCEEDED, steps.DEAD, steps.SUCCEEDED, steps.SUCCEEDED):
        (delivery,) = claim(sandbox, dispatcher, limit=1)
        seen.append(delivery["is_suspect"])
        record(sandbox, result(delivery, dispatcher, outcome))

    assert seen == [True, False, True, False]


def test_they_are_bounded_together(sandbox: Host) -> None:
    """Whatever the limit, no more than the bound goes to all of them; who is trusted gets all that it can take."""
    good = trusted(sandbox)
    suspects(sandbox, 3, waiting=5)
    emit(sandbox, 8, clinic="trusted")
    dispatcher = register(sandbox)

    got = by_endpoint(visit(sandbox, dispatcher, suspects=4))

    assert got.pop(good) == 8
    assert sum(got.values()) == 4


def test_each_gets_an_equal_part(sandbox: Host) -> None:
    """One that could use all of it leaves the others theirs."""
    first, second, third = suspects(sandbox, 3, waiting=5)
    dispatcher = register(sandbox)

    got = by_endpoint(visit(sandbox, dispatcher, suspects=6))

    assert got == {first: 2, second: 2, third: 2}


def test_without_need_there_is_no_part(sandbox: Host) -> None:
    """While all that they can take is within the bound, one may have more than an equal part."""
    (first, second) = suspects(sandbox, 2, waiting=5)
    dispatcher = register(sandbox)
    sandbox.rows("delete from outbound_webhooks.deliveries where endpoint_id = %s", second)

    assert by_endpoint(visit(sandbox, dispatcher, suspects=10)) == {first: 5}


def test_in_turn(sandbox: Host) -> None:
    """Who was passed over is first the next time: with one slot at a time, all of them are served."""
    created = suspects(sandbox, 4, waiting=3)
    dispatcher = register(sandbox)

    after, served = 0, []
    for _ in created:
        (row,) = [row for row in visit(sandbox, dispatcher, suspects=1, suspects_after=after) if row["delivery_id"]]
        after = int(row["endpoint_id"])
        served.append(after)
    beyond = by_endpoint(visit(sandbox, dispatcher, suspects=1, suspects_after=after))

    assert served == created
    assert beyond == {}


def test_no_room_for_any(sandbox: Host) -> None:
    """With none left for suspects, who is trusted is served all the same."""
    good = trusted(sandbox)
    suspects(sandbox, 2, waiting=1)
    emit(sandbox, clinic="trusted")
    dispatcher = register(sandbox)

    assert by_endpoint(visit(sandbox, dispatcher, suspects=0)) == {good: 1}


def test_the_clinic_has_its_share(sandbox: Host) -> None:
    """Within a clinic the two bounds hold together."""
    first, second = (endpoint(sandbox).id for _ in range(2))
    emit(sandbox, 9)
    dispatcher = register(sandbox)

    without = by_endpoint(visit(sandbox, dispatcher, share=4))
    bounded = by_endpoint(visit(sandbox, dispatcher, share=9, suspects=2))

    assert sum(without.values()) == 4
    assert bounded == {first: 1, second: 1}
