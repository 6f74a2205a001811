"""stuck_deliveries: what waits for longer than it should, and why, in the codes of explain()."""

import pytest

from tests.sql import steps
from tests.sql.explain_cases import REACHED
from tests.sql.explaining import codes, delivering, explain, newest
from tests.sql.steps import RETRY, Row, claim, emit, endpoint, record, result, settle
from tests.sql.viewing import an_hour_passes, view
from tests.support.host import Host

FINISHED = ("succeeded", "dead", "cancelled")
RIGHTLY = ("paused", "disabled", "retired")


def stuck(host: Host) -> dict[int, Row]:
    """The view's rows, by delivery."""
    return {int(row["delivery_id"]): row for row in view(host, "stuck_deliveries")}


# What is held back has to be claimed in vain first: it has a test of its own.
@pytest.mark.parametrize("code", [code for code in REACHED if code not in (*FINISHED, "held_back")])
def test_as_explain_has_it(sandbox: Host, code: str) -> None:
    """Nothing is stuck at once; an hour later it is, with what explain() says then, but for what is stopped."""
    delivery = int(str(REACHED[code][0](sandbox)[0]["delivery_id"]))
    (live,) = sandbox.rows("select event_id, endpoint_id from outbound_webhooks.deliveries where id = %s", delivery)
    before = stuck(sandbox)
    an_hour_passes(sandbox)

    after = stuck(sandbox)
    (answer, *_) = codes(explain(sandbox, live["event_id"], int(str(live["endpoint_id"]))))

    assert before == {}
    if answer in RIGHTLY:
        assert after == {}
    else:
        row = after[delivery]
        assert (row["code"], row["event_id"], row["endpoint_id"]) == (answer, *live.values())
        assert sandbox.value("select clock_timestamp() - %s >= interval '59 minutes'", row["since"]) is True


def test_every_code_is_reached() -> None:
    """The comment names the codes, and the test above, and those below, reach them."""
    never = {*FINISHED, *RIGHTLY, "in_flight", "retry_after", "not_due"}

    assert REACHED.keys() - never == {
        "lease_over", "unarmed", "switched_off", "delivery_off", "no_dispatcher", "breaker_open", "probing", "parked",
        "held_back", "full", "rate", "due",
    }  # fmt: skip


def test_held_back(sandbox: Host) -> None:
    """Behind a delivery that is due tomorrow: the newer one of its payment is shown, the older one waits rightly."""
    dispatcher, created = delivering(sandbox), endpoint(sandbox, ordering="per_resource")
    sandbox.pay()
    sandbox.rows("update payment_transactions set status = 'paid'")
    (head,) = claim(sandbox, dispatcher)
    record(sandbox, result(head, dispatcher, RETRY, retry_in=86400))
    claim(sandbox, dispatcher)
    before = stuck(sandbox)
    an_hour_passes(sandbox)

    ((delivery, row),) = stuck(sandbox).items()

    assert before == {}
    assert delivery > head["delivery_id"]
    assert row["code"] == "held_back" == explain(sandbox, newest(sandbox), created.id)[0]["code"]
    assert row["since"] == row["created_at"]


@pytest.mark.parametrize("stop", ["probe_at", "held_until", "state_changed_at", "next_attempt_at"])
def test_what_waits_rightly(sandbox: Host, stop: str) -> None:
    """Until an open breaker's probe, a Retry-After's end or its own time, and just after a resume: not stuck."""
    delivering(sandbox)
    created = endpoint(sandbox)
    emit(sandbox)
    steps.open_breaker(sandbox, created.id)
    an_hour_passes(sandbox)
    stuck_by_then = codes(list(stuck(sandbox).values()))

    if stop == "state_changed_at":
        sandbox.rows("update outbound_webhooks.endpoints set state_changed_at = clock_timestamp()")
    elif stop == "next_attempt_at":
        sandbox.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() + interval '1 hour'")
    else:
        steps.change_flow(sandbox, created.id, f"{stop} = clock_timestamp() + interval '1 hour'")

    assert stuck_by_then == ["breaker_open"]
    assert stuck(sandbox) == {}


def test_what_drains_is_not_stuck(sandbox: Host) -> None:
    """What was parked and goes out again, at its rate: not stuck, however long that takes."""
    delivering(sandbox)
    created = endpoint(sandbox)
    emit(sandbox, 20)
    sandbox.rows("select outbound_webhooks.pause_endpoint(%s)", created.id)
    settle(sandbox)
    sandbox.rows("select outbound_webhooks.resume_endpoint(%s, 1)", created.id)
    an_hour_passes(sandbox)
    stuck_by_then = {row["code"] for row in stuck(sandbox).values()}

    settle(sandbox)

    assert stuck_by_then == {"parked"}
    assert stuck(sandbox) == {}


def test_ten_of_each_kind(sandbox: Host) -> None:
    """Of an endpoint's thousands the ten that wait for longest; another endpoint has its own ten."""
    many, few = endpoint(sandbox).id, endpoint(sandbox).id
    deliveries = emit(sandbox, 30)
    an_hour_passes(sandbox)

    shown = stuck(sandbox)

    for one in (many, few):
        own = [delivery for delivery, row in shown.items() if row["endpoint_id"] == one]
        all_of_it = sandbox.rows(
            "select id from outbound_webhooks.deliveries where endpoint_id = %s order by next_attempt_at, id", one
        )
        assert sorted(own) == sorted(int(str(row["id"])) for row in all_of_it[:10])
    assert len(deliveries) == 60
