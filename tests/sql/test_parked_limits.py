"""What is parked too long, or too many of one endpoint, is dead, with the reason; never deleted."""

import pytest

from tests.sql import steps
from tests.sql.steps import emit, endpoint
from tests.support.host import Host

PAUSE = "select outbound_webhooks.pause_endpoint(%s)"
END = "select outbound_webhooks.end_parked(%s)"


@pytest.mark.parametrize("reason", ["paused", "disabled", "breaker"])
def test_too_old(sandbox: Host, reason: str) -> None:
    """What is parked and older than the limit is dead, with the reason, and kept; younger and due ones are left."""
    created = endpoint(sandbox)
    old, young = emit(sandbox, 2)
    sandbox.rows(
        "update outbound_webhooks.deliveries set created_at = created_at - interval '14 days 1 s' where id = %s", old
    )
    due_and_old = sandbox.value(END, 1000)
    if reason == "breaker":
        steps.open_breaker(sandbox, created.id)
    else:
        steps.set_state(sandbox, created.id, reason)
    steps.settle(sandbox)

    ended = [sandbox.value(END, 1000), sandbox.value(END, 1000)]

    assert due_and_old == 0
    assert ended == [1, 0]
    assert steps.states(sandbox) == {old: "dead", young: "parked"}
    assert sandbox.value("select reason from outbound_webhooks.finished_deliveries") == "parked for longer than 14 days"


def test_too_many(sandbox: Host) -> None:
    """Of more than the limit the oldest die, each endpoint by itself; batch by batch until done; none is deleted."""
    sandbox.rows("update outbound_webhooks.settings set parked_max_count = 3")
    sandbox.rows(PAUSE, endpoint(sandbox).id)
    deliveries = emit(sandbox, 8)
    other = endpoint(sandbox, "clinic-2")
    sandbox.rows(PAUSE, other.id)
    of_the_other = emit(sandbox, 3, "clinic-2")
    steps.settle(sandbox)

    ended: list[object] = []
    while not ended or ended[-1]:
        ended.append(sandbox.value(END, 2))
    finished = sandbox.rows("select id, state, reason from outbound_webhooks.finished_deliveries order by id")

    assert ended == [2, 2, 1, 0]
    assert finished == [{"id": i, "state": "dead", "reason": "more than 3 parked"} for i in deliveries[:5]]
    assert [i for i, state in steps.states(sandbox).items() if state == "parked"] == [*deliveries[5:], *of_the_other]


def test_deaths_are_told(sandbox: Host) -> None:
    """Those of a limit count for `delivery.dead` as those of failures do; an operational event's own death does not."""
    sandbox.rows("update outbound_webhooks.settings set parked_max_count = 1")
    old, many = (endpoint(sandbox, event_types=["payment_transaction.*", "delivery.dead"]).id for _ in range(2))
    emit(sandbox, 4)
    for one in (old, many):
        sandbox.rows(
            "select outbound_webhooks.insert_notice('clinic-1', 'delivery.dead', %s, '{}')", many if one == old else old
        )
        sandbox.rows(PAUSE, one)
    sandbox.rows(
        "update outbound_webhooks.deliveries set created_at = created_at - interval '15 days' where endpoint_id = %s",
        old,
    )
    steps.settle(sandbox)

    ended = [sandbox.value(END, 1000), sandbox.value(END, 1000)]

    assert ended == [9, 0]
    assert [steps.flow(sandbox, one)["dead_untold"] for one in (old, many)] == [4, 4]


def test_a_batch_ends_the_oldest_of_what_is_too_old(sandbox: Host) -> None:
    """One call ends as many as it was told; what is due again in between is left alone."""
    created = endpoint(sandbox)
    deliveries = emit(sandbox, 5)
    sandbox.rows("update outbound_webhooks.deliveries set created_at = created_at - interval '20 days'")
    sandbox.rows(PAUSE, created.id)
    steps.settle(sandbox)

    first = sandbox.value(END, 2)
    sandbox.rows("select outbound_webhooks.resume_endpoint(%s, 10000)", created.id)
    steps.settle(sandbox)
    afterwards = sandbox.value(END, 2)

    assert (first, afterwards) == (2, 0)
    assert steps.states(sandbox) == dict(zip(deliveries, ["dead"] * 2 + ["pending"] * 3, strict=True))


def test_too_old_behind_what_was_retried(sandbox: Host) -> None:
    """What was sent again and is parked anew has low ids and is young: it does not hide what is too old behind it."""
    created = endpoint(sandbox)
    again = emit(sandbox, 2)
    steps.end_all(sandbox, steps.DEAD)
    old = emit(sandbox)
    sandbox.rows("update outbound_webhooks.deliveries set created_at = created_at - interval '20 days'")
    for delivery in again:
        sandbox.rows("select outbound_webhooks.retry_delivery(%s)", delivery)
    sandbox.rows(PAUSE, created.id)
    steps.settle(sandbox)

    assert sandbox.value(END, 2) == 1
    assert steps.states(sandbox) == {**dict.fromkeys(again, "parked"), old[0]: "dead"}
