"""explain(): why there is no delivery of an event to an endpoint; and that its rules are those that make deliveries."""

import itertools
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.sql.explaining import codes, explain, newest, paid
from tests.sql.steps import RETRY, Row, claim, endpoint, record, register, result
from tests.support.days import add_day, add_event, ago
from tests.support.host import CLINIC, ENVIRONMENT, Host

CHANGE = "update outbound_webhooks.endpoints set {} where id = %s"
TELL = "select outbound_webhooks.tell_operations()"
BY_NAME = ["endpoint.disabled"]


def unknown_event(host: Host) -> list[Row]:
    """An id that never was."""
    return explain(host, uuid4(), endpoint(host).id)


def unknown_endpoint(host: Host) -> list[Row]:
    """A number that never was."""
    endpoint(host)
    return explain(host, paid(host), 4711)


def another_clinic(host: Host) -> list[Row]:
    """An endpoint of somebody else."""
    endpoint(host)
    return explain(host, paid(host), endpoint(host, "clinic-2").id)


def created_later(host: Host) -> list[Row]:
    """The payment was first."""
    endpoint(host)
    event = paid(host)
    return explain(host, event, endpoint(host).id)


def retired(host: Host) -> list[Row]:
    """Retired, and then the payment."""
    endpoint(host)
    gone = endpoint(host)
    host.rows(CHANGE.format("state = 'retired', state_changed_at = clock_timestamp()"), gone.id)
    return explain(host, paid(host), gone.id)


def other_type(host: Host) -> list[Row]:
    """It asks for refunds only."""
    created = endpoint(host, event_types=["payment_transaction.partially_refunded", "payout.*"])
    return explain(host, paid(host), created.id)


def other_data(host: Host) -> list[Row]:
    """It asks for payments in another currency, of a provider that this source does not tell."""
    created = endpoint(host, filter=json.dumps({"currency": "EUR", "provider": "a", "clinic_id": CLINIC}))
    return explain(host, paid(host), created.id)


def of_old(host: Host, **options: Any) -> list[Row]:
    """An event of 40 days ago, about an endpoint that is older."""
    created, day = endpoint(host, **options), ago(host, 40)
    host.rows(CHANGE.format("created_at = created_at - interval '50 days'"), created.id)
    add_day(host, day)
    return explain(host, add_event(host, day), created.id)


def not_known(host: Host) -> list[Row]:
    """Delivered or not: what was delivered then is gone, and something else keeps the event."""
    return of_old(host)


def matches_now(host: Host) -> list[Row]:
    """It asked for something else when the payment was made."""
    created = endpoint(host, event_types=["payout.*"])
    event = paid(host)
    host.rows(CHANGE.format("event_types = '{*}'"), created.id)
    return explain(host, event, created.id)


def disabled_one(host: Host) -> int:
    """An endpoint that answers 410, and is disabled."""
    gone = endpoint(host, event_types=["*", *BY_NAME])
    host.pay()
    dispatcher = register(host)
    (claimed,) = (row for row in claim(host, dispatcher) if row["endpoint_id"] == gone.id)
    record(host, result(claimed, dispatcher, RETRY, http_status=410, disable="answered 410 Gone"))
    return gone.id


def about_itself(host: Host) -> list[Row]:
    """Its own end is told to others only."""
    gone = disabled_one(host)
    host.rows(TELL)
    return explain(host, newest(host), gone)


def not_active(host: Host) -> list[Row]:
    """It asks for such news, and was paused when there were some."""
    other = endpoint(host, event_types=BY_NAME)
    host.rows("select outbound_webhooks.pause_endpoint(%s)", other.id)
    disabled_one(host)
    host.rows(TELL)
    return explain(host, newest(host), other.id)


def not_by_name(host: Host) -> list[Row]:
    """It asks for everything, which such news is not."""
    other = endpoint(host)
    disabled_one(host)
    host.rows(TELL)
    return explain(host, newest(host), other.id)


def of_a_test(host: Host) -> list[Row]:
    """Another endpoint was tested."""
    other = endpoint(host)
    event = host.value(
        "select event_id from outbound_webhooks.begin_test(%s, null, %s)", endpoint(host).id, ENVIRONMENT
    )
    return explain(host, event, other.id)


REACHED: dict[str, tuple[Callable[[Host], list[Row]], str]] = {
    "unknown_event": (unknown_event, "there is no such event"),
    "unknown_endpoint": (unknown_endpoint, "there is no such endpoint"),
    "another_clinic": (another_clinic, "the event is of clinic clinic-1, the endpoint of clinic clinic-2"),
    "created_later": (created_later, "the endpoint was created after the event"),
    "retired": (retired, "the endpoint was retired before the event"),
    "type": (
        other_type,
        "the endpoint asks for payment_transaction.partially_refunded, payout.*, not for payment_transaction.created",
    ),
    "filter": (
        other_data,
        'the endpoint\'s filter does not match: currency is "BRL", not "EUR"; provider is not there',
    ),
    "not_known": (not_known, "the event is older than finished deliveries are kept: those from before "),
    "matches_now": (matches_now, "the endpoint would get such an event now: it was changed since"),
    "about_itself": (about_itself, "an endpoint is not told of itself"),
    "not_active": (not_active, "an operational event goes to active endpoints only: this one is paused"),
    "of_a_test": (of_a_test, "a test goes to the endpoint that is tested, which is "),
    "not_by_name": (not_by_name, "the endpoint asks for *, and * does not ask for endpoint.disabled"),
}


@pytest.mark.parametrize("code", REACHED)
def test_the_answer(sandbox: Host, code: str) -> None:
    """What really happened is what is said; an endpoint that is told of as disabled is not active, either."""
    leads_there, words = REACHED[code]

    rows = leads_there(sandbox)

    assert codes(rows) == [code, *(["not_active"] if code == "about_itself" else [])]
    assert str(rows[0]["words"]).startswith(words)
    assert rows[0]["delivery_id"] is None


def test_everything_that_is_in_the_way(sandbox: Host) -> None:
    """Each reason would be enough: all are said."""
    endpoint(sandbox)
    event = paid(sandbox)
    late = endpoint(sandbox, event_types=["payout.*"], filter='{"status": "paid"}')

    rows = explain(sandbox, event, late.id)

    assert codes(rows) == ["created_later", "type", "filter"]
    assert rows[0]["since"] == sandbox.value(
        "select created_at from outbound_webhooks.endpoints where id = %s", late.id
    )


def test_what_is_asked_for_now_says_less_of_old_events(sandbox: Host) -> None:
    """The endpoint may have asked for it then, and had it: that it does not ask for it now stands below."""
    rows = of_old(sandbox, event_types=["payout.*"])

    assert codes(rows) == ["not_known", "type"]


def test_what_is_sure_of_old_events(sandbox: Host) -> None:
    """An endpoint that was created later cannot have had it, however old it is."""
    created, day = endpoint(sandbox), ago(sandbox, 40)
    add_day(sandbox, day)

    assert codes(explain(sandbox, add_event(sandbox, day), created.id)) == ["created_later"]


def test_data_that_no_filter_can_look_into(sandbox: Host) -> None:
    """A filter that was set later, and data that have no jsonb form: said, not raised."""
    created = endpoint(sandbox, event_types=["payout.*"])
    sandbox.rows("select outbound_webhooks.emit(%s, 'thing.made', 'thing', '1', %s)", CLINIC, '{"note": "\\u0000"}')
    sandbox.rows(CHANGE.format("""filter = '{"a": 1}'"""), created.id)

    rows = explain(sandbox, newest(sandbox), created.id)

    assert codes(rows) == ["type", "filter"]
    assert "no filter can look into them" in str(rows[1]["words"])


TYPES = [["*"], ["thing.*"], ["thing.made"], ["thing.sold"], ["other.*"], ["other.*", "thing.made"]]
FILTERS = [None, {}, {"a": 1}, {"a": 2}, {"b": {"c": [2]}}, {"b": {"d": 1}}, {"a": 1, "z": None}]
DATA = [{}, {"a": 1}, {"a": 1, "b": {"c": [1, 2]}, "z": None}, {"a": [1], "b": 7}]
STATES = ["active", "paused", "disabled", "retired"]


def test_the_rules_are_those_of_an_event(sandbox: Host) -> None:
    """For every pattern, filter and state, an endpoint has a delivery, or a reason of these three, and never both."""
    host = sandbox
    host.rows("update outbound_webhooks.settings set max_endpoints_per_clinic = 1000")
    endpoints = []
    for types, wanted, state in itertools.product(TYPES, FILTERS, STATES):
        created = endpoint(host, event_types=types, filter=None if wanted is None else json.dumps(wanted))
        host.rows(CHANGE.format(f"state = '{state}', state_reason = 'a test'"), created.id)
        endpoints.append(created.id)
    for data in DATA:
        host.rows("select outbound_webhooks.emit(%s, 'thing.made', 'thing', '1', %s)", CLINIC, json.dumps(data))

    rows = host.rows(
        "select v.id as event, e.id as endpoint, d.id is not null as has_it, x.codes"
        " from outbound_webhooks.events as v cross join outbound_webhooks.endpoints as e"
        " left join outbound_webhooks.deliveries as d on d.event_id = v.id and d.endpoint_id = e.id"
        " cross join lateral (select array_agg(a.code) as codes from outbound_webhooks.explain(v.id, e.id) as a) as x"
    )
    why = [set(map(str, row["codes"])) for row in rows if not row["has_it"]]  # type: ignore[call-overload]

    assert len(rows) == len(endpoints) * len(DATA)
    assert all(found <= {"type", "filter", "retired"} for found in why)
    assert set.union(*why) == {"type", "filter", "retired"}
    assert not any({"type", "filter"} & set(map(str, row["codes"])) for row in rows if row["has_it"])  # type: ignore[call-overload]


def test_an_endpoint_of_the_same_moment(sandbox: Host) -> None:
    """Created a moment before the event, an endpoint is not taken for one that was created later."""
    found = set()
    for _ in range(20):
        created = endpoint(sandbox, event_types=["payout.*"])
        found |= set(codes(explain(sandbox, paid(sandbox), created.id)))

    assert found == {"type"}


def test_the_moment_of_an_id(sandbox: Host) -> None:
    """uuid_v7_time() gives back the moment of an id, to the microsecond or one less."""
    rows = sandbox.rows(
        "select t.at - outbound_webhooks.uuid_v7_time(outbound_webhooks.uuid_v7(t.at)) between '0 s' and '1 us' as same"
        " from generate_series(0, 2000) as n,"
        " lateral (select timestamptz '2026-01-31 12:00Z' + n * interval '1.001 ms') as t (at)"
    )
    own = sandbox.value(
        "select abs(extract(epoch from clock_timestamp()"
        " - outbound_webhooks.uuid_v7_time(outbound_webhooks.event_id(clock_timestamp())))) < 10"
    )

    assert {row["same"] for row in rows} == {True}
    assert own is True
