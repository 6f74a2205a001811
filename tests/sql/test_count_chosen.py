"""count_chosen: of past events, how many a subscription chooses. It is what capture would have made deliveries of."""

import json

import pytest

from tests.sql import steps
from tests.support.host import CLINIC, Host

EMIT = "select outbound_webhooks.emit(%s, %s, split_part(%s, '.', 1), %s, %s)"
EVENTS = [
    ("payment_transaction.created", '{"status": "pending", "amount": {"cents": 1000, "currency": "BRL"}}'),
    ("payment_transaction.paid", '{"status": "paid", "amount": {"cents": 1000, "currency": "BRL"}}'),
    ("payment_transaction.paid", '{"status": "paid", "amount": {"cents": 5, "currency": "EUR"}, "tags": ["a", "b"]}'),
    ("invoice.sent", '{"status": "paid"}'),
]
COUNT = (
    "select outbound_webhooks.count_chosen("
    "(select array_agg(e.id) from outbound_webhooks.events as e), %s::text[], %s::jsonb)"
)


@pytest.mark.parametrize(
    ("event_types", "wanted", "expected"),
    [
        (["*"], None, 4),
        (["*"], {}, 4),
        (["payment_transaction.*"], None, 3),
        (["invoice.*", "payment_transaction.created"], None, 2),
        (["payment_transaction.paid"], {"amount": {"currency": "BRL"}}, 1),
        (["*"], {"status": "paid"}, 3),
        (["*"], {"tags": ["b"]}, 1),
        (["*"], {"status": "refunded"}, 0),
        (["refund.created"], None, 0),
        ([], None, 0),
    ],
)
def test_it_counts_what_capture_chooses(
    sandbox: Host, event_types: list[str], wanted: dict[str, object] | None, expected: int
) -> None:
    """An endpoint with the same subscription gets as many deliveries of the same events."""
    wanted_json = None if wanted is None else json.dumps(wanted)
    if event_types:
        steps.endpoint(sandbox, event_types=event_types, filter=wanted_json)
    for number, (kind, data) in enumerate(EVENTS):
        sandbox.rows(EMIT, CLINIC, kind, kind, str(number), data)

    assert sandbox.value(COUNT, event_types, wanted_json) == expected
    assert sandbox.value("select count(*) from outbound_webhooks.deliveries") == expected


def test_a_body_that_no_filter_can_look_into(sandbox: Host) -> None:
    """It matches none, and the others are counted all the same."""
    sandbox.rows(EMIT, CLINIC, "invoice.sent", "invoice.sent", "1", '{"note": "\\u0000"}')
    sandbox.rows(EMIT, CLINIC, "invoice.sent", "invoice.sent", "2", '{"note": "b"}')

    assert sandbox.value(COUNT, ["*"], '{"note": "b"}') == 1
    assert sandbox.value(COUNT, ["*"], None) == 2


def test_events_that_are_not_there(sandbox: Host) -> None:
    """Ids of nobody, and no ids at all, count for nothing."""
    count = "select outbound_webhooks.count_chosen(%s::uuid[], '{*}')"

    assert sandbox.value(count, ["01900000-0000-7000-8000-000000000000"]) == 0
    assert sandbox.value(count, []) == 0
