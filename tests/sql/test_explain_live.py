"""explain(): what became of a delivery, or what keeps it from being sent."""

from datetime import datetime

import pytest

from tests.sql import steps
from tests.sql.explain_cases import PAUSE, REACHED, rate
from tests.sql.explaining import codes, delivering, explain, newest, paid
from tests.sql.steps import RETRY, SUCCEEDED, Row, claim, endpoint, record, result, settle
from tests.support.host import Host


@pytest.mark.parametrize("code", REACHED)
def test_the_answer(sandbox: Host, code: str) -> None:
    """What really happened is what is said: the first row is the answer, and nothing else is in the way."""
    leads_there, beside, words = REACHED[code]

    rows = leads_there(sandbox)

    assert codes(rows) == [code, *beside]
    assert words in str(rows[0]["words"])
    assert rows[0]["delivery_id"] is not None


@pytest.mark.parametrize("code", [code for code in REACHED if code not in ("unarmed", "delivery_off", "no_dispatcher")])
def test_a_claim_agrees(sandbox: Host, code: str) -> None:
    """A claim takes exactly what is said to be due; only whether a dispatcher runs at all it cannot tell."""
    (answer, *_) = REACHED[code][0](sandbox)

    claimed = steps.ids(claim(sandbox, steps.register(sandbox)))

    assert (answer["delivery_id"] in claimed) == (code == "due")


TIMES = {
    "in_flight": ("select leased_at, lease_until from outbound_webhooks.deliveries", ("since", "until")),
    "paused": ("select state_changed_at from outbound_webhooks.endpoints", ("since",)),
    "disabled": ("select state_changed_at from outbound_webhooks.endpoints", ("since",)),
    "breaker_open": ("select breaker_changed_at, probe_at from outbound_webhooks.endpoint_flow", ("since", "until")),
    "retry_after": ("select held_until from outbound_webhooks.endpoint_flow", ("until",)),
    "not_due": ("select next_attempt_at from outbound_webhooks.deliveries", ("until",)),
    "no_dispatcher": ("select stopped_at from outbound_webhooks.dispatchers", ("since",)),
    "succeeded": ("select finished_at from outbound_webhooks.finished_deliveries", ("since",)),
    "dead": ("select finished_at from outbound_webhooks.finished_deliveries", ("since",)),
}


@pytest.mark.parametrize("code", TIMES)
def test_its_times(sandbox: Host, code: str) -> None:
    """Since when, and until when, as far as that is known."""
    (answer, *_) = REACHED[code][0](sandbox)
    known, names = TIMES[code]

    (row,) = sandbox.rows(known)

    assert [answer[name] for name in names] == list(row.values())
    assert all(answer[name] is None for name in {"since", "until"} - set(names))


def test_the_time_of_the_next_token(sandbox: Host) -> None:
    """An endpoint's rate says when it may be sent the next one: after the second that one request a second takes."""
    (answer,) = rate(sandbox)

    after = sandbox.value(
        "select extract(epoch from %s - tokens_at) from outbound_webhooks.endpoint_flow", answer["until"]
    )

    assert isinstance(answer["until"], datetime)
    assert float(str(after)) == pytest.approx(1, abs=1e-5)


def test_everything_that_is_in_the_way(sandbox: Host) -> None:
    """Paused behind an older delivery, without a dispatcher: all of it is said, and of the older one, too."""
    created = endpoint(sandbox, ordering="per_resource")
    dispatcher = delivering(sandbox)
    sandbox.pay()
    sandbox.rows("update payment_transactions set status = 'paid'")
    (head,) = claim(sandbox, dispatcher)
    record(sandbox, result(head, dispatcher, RETRY))
    sandbox.rows("select outbound_webhooks.stop_dispatcher(%s)", dispatcher)
    sandbox.rows(PAUSE, created.id, None)
    settle(sandbox)

    rows = explain(sandbox, newest(sandbox), created.id)

    assert codes(rows) == ["no_dispatcher", "paused", "held_back", "no_dispatcher", "paused", "last_attempt"]
    assert {row["delivery_id"] for row in rows[3:]} == {head["delivery_id"]}
    assert rows[5]["words"] == "attempt 1 failed: http_status 500"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (None, "attempt 1 was lost: its dispatcher ended before it knew the answer"),
        (SUCCEEDED, "attempt 1 succeeded, but its lease was over: it counts for nothing"),
    ],
)
def test_an_attempt_that_counts_for_nothing(sandbox: Host, values: Row | None, words: str) -> None:
    """A lost attempt is told, and so is one whose answer came after its lease was over: the delivery is due again."""
    dispatcher, created, event = delivering(sandbox), endpoint(sandbox), paid(sandbox)
    (claimed,) = claim(sandbox, dispatcher)
    steps.let_leases_expire(sandbox)
    steps.free_leases(sandbox, dispatcher)
    if values is not None:
        record(sandbox, result(claimed, dispatcher, values))

    rows = explain(sandbox, event, created.id)

    assert codes(rows) == ["due", "last_attempt"]
    assert words in str(rows[1]["words"])


def test_given_up_without_an_attempt(sandbox: Host) -> None:
    """Dead as it was parked for too long: the reason, and no answer that there never was."""
    _, created, event = delivering(sandbox), endpoint(sandbox), paid(sandbox)
    sandbox.rows(PAUSE, created.id, None)
    settle(sandbox)
    sandbox.rows("update outbound_webhooks.deliveries set created_at = created_at - interval '15 days'")
    sandbox.rows("select outbound_webhooks.end_parked()")

    rows = explain(sandbox, event, created.id)

    assert [row["words"] for row in rows] == ["given up after 0 attempts: parked for longer than 14 days"]


def test_each_endpoint_by_itself(sandbox: Host) -> None:
    """Of two endpoints that got one event, each has its own answer."""
    dispatcher, one, other = delivering(sandbox), endpoint(sandbox), endpoint(sandbox)
    event = paid(sandbox)
    sandbox.rows(PAUSE, other.id, None)
    (claimed,) = claim(sandbox, dispatcher)
    record(sandbox, result(claimed, dispatcher, SUCCEEDED))

    assert codes(explain(sandbox, event, one.id)) == ["succeeded"]
    assert codes(explain(sandbox, event, other.id)) == ["paused"]
