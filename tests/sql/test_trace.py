"""Trace, actor and request id: from the transaction that wrote the row to the event, on every path; what is none."""

import pytest

from tests.sql import steps
from tests.sql.replaying import advance, retry, start_reevaluation, start_replay
from tests.sql.sabotage import SABOTAGE, ledger
from tests.support.host import CLINIC, Host
from tests.support.traces import (
    ACTOR,
    BAD_LABELS,
    BAD_TRACEPARENTS,
    NOBODY,
    REQUEST_ID,
    TRACEPARENT,
    WRITTEN_BY,
    say,
    told,
)

BROKEN, MENDED = SABOTAGE["payload function dropped"]


def written_by(host: Host) -> list[dict[str, object]]:
    """What each event says of its transaction, oldest first."""
    return host.rows("select traceparent, actor, request_id from outbound_webhooks.events order by id")


def test_a_payment(host: Host) -> None:
    """Every event of a transaction has what it said; the next transaction, after whose end nothing is set, has none."""
    steps.endpoint(host)

    with told(host, **WRITTEN_BY):
        payment = host.pay()
        host.rows("update payment_transactions set status = 'paid' where id = %s", payment)
    host.pay()

    assert written_by(host) == [WRITTEN_BY, WRITTEN_BY, NOBODY]


def test_a_session_that_never_said_anything(host: Host) -> None:
    """A setting that this session never had is not an empty one: nothing is stored either way."""
    steps.endpoint(host)
    host.pay()

    assert written_by(host) == [NOBODY]


def test_several_requests_in_one_transaction(host: Host) -> None:
    """What counts is what is set when the row is written."""
    steps.endpoint(host)

    with told(host, request_id="first"):
        host.pay()
        say(host, request_id="second")
        host.pay()
        say(host, request_id="")
        host.pay()

    assert [row["request_id"] for row in written_by(host)] == ["first", "second", None]


@pytest.mark.parametrize(
    "emit",
    [
        "emit(%(clinic)s, 'payment_transaction.created', 'payment_transaction', %(key)s, '{}')",
        "emit_row('payment_transactions', %(key)s)",
        "emit_rows('payment_transactions', array[%(key)s])",
    ],
    ids=["emit", "emit_row", "emit_rows"],
)
def test_emitted(host: Host, emit: str) -> None:
    """What SQL emits has it as what a trigger captured."""
    steps.endpoint(host)
    host.rows("select outbound_webhooks.set_capture(false)")
    values = {"clinic": CLINIC, "key": str(host.pay())}

    with told(host, **WRITTEN_BY):
        host.connection.execute(f"select outbound_webhooks.{emit}".encode(), values)

    assert written_by(host) == [WRITTEN_BY]


def test_the_ledger_keeps_it(host: Host) -> None:
    """A change that is recaptured is of the request that made it; who recaptures it goes on under its own."""
    steps.endpoint(host)
    host.rows(BROKEN)
    with told(host, **WRITTEN_BY):
        host.pay()
    host.pay()
    host.rows(MENDED)
    (first, second) = ledger(host)

    with told(host, request_id="recaptures", actor="dba"):
        host.rows("select outbound_webhooks.recapture()")
        host.pay()

    assert {name: first[name] for name in WRITTEN_BY} == WRITTEN_BY
    assert {name: second[name] for name in WRITTEN_BY} == NOBODY
    assert written_by(host) == [WRITTEN_BY, NOBODY, {**NOBODY, "request_id": "recaptures", "actor": "dba"}]


def test_a_recapture_that_fails(host: Host) -> None:
    """What recaptures keeps its own request, also if the change stays in the ledger."""
    steps.endpoint(host)
    host.rows(BROKEN)
    with told(host, **WRITTEN_BY):
        host.pay()

    with told(host, request_id="recaptures"):
        (row,) = host.rows("select problem from outbound_webhooks.recapture()")
        still = host.value("select current_setting('outbound_webhooks.request_id')")

    assert row["problem"] is not None
    assert still == "recaptures"


def test_a_notice_has_none(host: Host) -> None:
    """What tells of our own operations is of no request, whoever caused it."""
    steps.endpoint(host, event_types=["endpoint.*"])

    with told(host, **WRITTEN_BY):
        host.rows("select outbound_webhooks.insert_notice(%s, 'endpoint.disabled', 0, '{}')", CLINIC)

    assert written_by(host) == [NOBODY]


def test_sent_again(host: Host) -> None:
    """A claim returns the event's; it stays so when another request retries, replays or reevaluates it."""
    with told(host, **WRITTEN_BY):
        steps.endpoint(host)
        steps.emit(host)
    dispatcher = steps.register(host)
    claimed = steps.claim(host, dispatcher)
    steps.record(host, *(steps.result(row, dispatcher, steps.DEAD) for row in claimed))

    with told(host, request_id="again", traceparent=TRACEPARENT.replace("4bf", "4bd")):
        retry(host, int(claimed[0]["delivery_id"]))
        claimed += steps.claim(host, dispatcher)
        steps.record(host, steps.result(claimed[-1], dispatcher, steps.DEAD))
        advance(host, start_replay(host, endpoint_id=claimed[0]["endpoint_id"]))
        advance(host, start_reevaluation(host, endpoint_id=steps.endpoint(host).id))
        steps.make_due(host)
        claimed += steps.claim(host, dispatcher)

    assert [(row["traceparent"], row["request_id"]) for row in claimed] == [(TRACEPARENT, REQUEST_ID)] * 4


@pytest.mark.parametrize("value", BAD_TRACEPARENTS.values(), ids=BAD_TRACEPARENTS.keys())
def test_no_traceparent(host: Host, value: str) -> None:
    """The payment commits, the event is there, and what is no trace of version 00 is left out of it."""
    steps.endpoint(host)

    with told(host, traceparent=value, actor=ACTOR):
        host.pay()

    assert written_by(host) == [{**NOBODY, "actor": ACTOR}]
    assert ledger(host) == []


@pytest.mark.parametrize("value", BAD_LABELS.values(), ids=BAD_LABELS.keys())
def test_no_label(host: Host, value: str) -> None:
    """The same for an actor and a request id that could not stand in a header or on a terminal."""
    steps.endpoint(host)

    with told(host, traceparent=TRACEPARENT, actor=value, request_id=value):
        host.pay()

    assert written_by(host) == [{**NOBODY, "traceparent": TRACEPARENT}]
    assert ledger(host) == []


@pytest.mark.parametrize("value", ["a", "a b", "!~", "a" * 200, '{"id": 1}'])
def test_labels(host: Host, value: str) -> None:
    """Any printable ASCII, up to 200 characters."""
    steps.endpoint(host)

    with told(host, actor=value, request_id=value):
        host.pay()

    assert written_by(host) == [{"traceparent": None, "actor": value, "request_id": value}]


def test_what_is_too_long_for_the_ledger(host: Host) -> None:
    """A change whose capture fails goes to the ledger as well, whatever its transaction says of itself."""
    steps.endpoint(host)
    host.rows(BROKEN)

    with told(host, traceparent=BAD_TRACEPARENTS["10 MB"], actor=BAD_LABELS["10 MB"], request_id="a\nb"):
        host.pay()

    (change,) = ledger(host)
    assert {name: change[name] for name in NOBODY} == NOBODY
