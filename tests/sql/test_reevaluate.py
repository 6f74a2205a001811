"""reevaluate: past events for the subscriptions of today; only what has no delivery gets one."""

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.replaying import advance, dry_run, replayed, start_reevaluation
from tests.sql.steps import DEAD, SUCCEEDED, claim, emit, end_all, endpoint, register
from tests.support.host import Host

EMIT = "select outbound_webhooks.emit(%s, %s, 'payment_transaction', %s, %s)"


def made(host: Host) -> list[tuple[object, object]]:
    """To whom reevaluations gave which events: the endpoint, and the event by its place among all, in order of due."""
    rows = host.rows(
        "select d.endpoint_id, e.n from outbound_webhooks.deliveries as d"
        " join (select id, row_number() over (order by id) as n from outbound_webhooks.events) as e"
        " on e.id = d.event_id"
        " where d.reevaluated order by d.next_attempt_at, d.id"
    )
    return [(row["endpoint_id"], row["n"]) for row in rows]


def past(host: Host, count: int = 3) -> int:
    """Events that an endpoint of the clinic was sent already; returns the endpoint."""
    first = endpoint(host)
    emit(host, count)
    end_all(host, SUCCEEDED)
    return first.id


def test_the_backfill_of_a_new_endpoint(numbered: Host) -> None:
    """It gets all past events, in their order; the endpoint that had them gets nothing. They are marked, and firsts."""
    past(numbered)
    new = endpoint(numbered)
    counted = dry_run(numbered, "reevaluate", endpoint_id=new.id)
    replay = start_reevaluation(numbered, endpoint_id=new.id, rate=10000)
    batch = advance(numbered, replay)
    found = made(numbered)
    steps.make_due(numbered)
    dispatcher = register(numbered)
    claimed = claim(numbered, dispatcher)
    steps.record(numbered, *(steps.result(row, dispatcher, SUCCEEDED) for row in claimed))
    log = numbered.rows(
        "select endpoint_id, reevaluated, count(*) as n from outbound_webhooks.delivery_log group by 1, 2 order by 1"
    )

    assert counted == 3
    assert batch == {"moved": 3, "skipped": 0, "state": "done", "look_again": False}
    assert found == [(new.id, n) for n in (1, 2, 3)]
    assert [row["event_id"] for row in claimed] == [
        row["id"] for row in numbered.rows("select id from outbound_webhooks.events order by id")
    ]
    assert {a["reason"] for a in steps.attempts(numbered)} == {"first"}
    assert [tuple(row.values()) for row in log] == [(1, False, 3), (new.id, True, 3)]


def test_done_twice(numbered: Host) -> None:
    """What the first one made, in whatever state it is, is not made again."""
    past(numbered, 4)
    new = endpoint(numbered)
    replay = start_reevaluation(numbered, endpoint_id=new.id, rate=10000)
    advance(numbered, replay)
    steps.make_due(numbered)
    dispatcher = register(numbered)
    first, second, *_ = claim(numbered, dispatcher)
    steps.record(numbered, steps.result(first, dispatcher, SUCCEEDED), steps.result(second, dispatcher, DEAD))

    assert dry_run(numbered, "reevaluate", clinic_id="clinic-1") == 0


def test_in_the_place_of_a_retired_one(numbered: Host) -> None:
    """Retired endpoints get nothing; the new one gets what the old one had."""
    first = past(numbered)
    steps.set_state(numbered, first, "retired")
    new = endpoint(numbered)
    advance(numbered, start_reevaluation(numbered, clinic_id="clinic-1", rate=10000))

    assert made(numbered) == [(new.id, n) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("change", "events"),
    [
        ("event_types = '{payment_transaction.paid}'", [2]),
        ("event_types = '{payment_transaction.*}'", [1, 2, 3]),
        ("event_types = '{invoice.*}'", []),
        ("""event_types = '{*}', filter = '{"amount": 5}'""", [1, 3]),
        ("""event_types = '{payment_transaction.paid}', filter = '{"amount": 5}'""", []),
        ("event_types = '{*}', state = 'paused'", [1, 2, 3]),
        ("event_types = '{*}', state = 'disabled', state_reason = 'a test'", [1, 2, 3]),
        ("event_types = '{*}', state = 'retired'", []),
    ],
)
def test_the_subscription_of_today(numbered: Host, change: str, events: list[int]) -> None:
    """Event types, filter and state decide as they do for a new event."""
    endpoint(numbered, event_types=["invoice.*"])
    for event_type, amount in (("created", 5), ("paid", 6), ("created", 5)):
        numbered.rows(EMIT, "clinic-1", f"payment_transaction.{event_type}", "1", f'{{"amount": {amount}}}')
    numbered.rows(f"update outbound_webhooks.endpoints set {change}")
    counted = dry_run(numbered, "reevaluate", clinic_id="clinic-1")
    if events:
        advance(numbered, start_reevaluation(numbered, clinic_id="clinic-1", rate=10000))

    assert counted == len(events)
    assert made(numbered) == [(1, n) for n in events]


def test_a_body_that_no_filter_can_read(numbered: Host) -> None:
    """Data without a jsonb form match no filter, and hold up nothing."""
    endpoint(numbered, event_types=["invoice.*"])
    for data in (r'{"note": "\u0000"}', '{"note": "x"}'):
        numbered.rows(EMIT, "clinic-1", "payment_transaction.created", "1", data)
    numbered.rows("""update outbound_webhooks.endpoints set event_types = '{*}', filter = '{"note": "x"}'""")
    advance(numbered, start_reevaluation(numbered, clinic_id="clinic-1", rate=10000))

    assert made(numbered) == [(1, 2)]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"clinic_id": "clinic-1"}, 2),
        ({"clinic_id": "clinic-2"}, 1),
        ({"type": "payment_transaction.paid"}, 1),
        ({"resource": "payment_transaction", "resource_id": "2"}, 2),
        ({"since": "epoch"}, 3),
        ({"since": "tomorrow"}, 0),
        ({"until": "yesterday"}, 0),
    ],
    ids=str,
)
def test_what_is_meant(numbered: Host, options: dict[str, object], count: int) -> None:
    """Clinic, type, resource and time choose events; an event goes to endpoints of its own clinic only."""
    for clinic in ("clinic-1", "clinic-2"):
        endpoint(numbered, clinic, event_types=["invoice.*"])
    numbered.rows(EMIT, "clinic-1", "payment_transaction.created", "1", "{}")
    numbered.rows(EMIT, "clinic-1", "payment_transaction.paid", "2", "{}")
    numbered.rows(EMIT, "clinic-2", "payment_transaction.created", "2", "{}")
    numbered.rows("update outbound_webhooks.endpoints set event_types = '{*}'")

    assert dry_run(numbered, "reevaluate", **options) == count


def test_operational_events_are_not_told_anew(numbered: Host) -> None:
    """Whoever asks for them today, by name too."""
    first = endpoint(numbered)
    numbered.rows("select outbound_webhooks.insert_notice('clinic-1', 'endpoint.disabled', %s, '{}')", first.id)
    endpoint(numbered, event_types=["*", "endpoint.*"])

    assert dry_run(numbered, "reevaluate", clinic_id="clinic-1") == 0


def test_events_of_now_are_left_to_capture(numbered: Host) -> None:
    """What is captured after it began has its deliveries, or was not meant: of an hour later, it is not looked at."""
    past(numbered)
    new = endpoint(numbered)
    replay = start_reevaluation(numbered, endpoint_id=new.id, rate=10000)
    numbered.rows("update outbound_webhooks.endpoints set event_types = '{invoice.*}' where id = %s", new.id)
    numbered.rows(EMIT, "clinic-1", "payment_transaction.created", "1", "{}")
    numbered.rows(
        "update outbound_webhooks.events"
        " set id = outbound_webhooks.uuid_v7_floor(clock_timestamp() + interval '1 hour')"
        " where id = (select id from outbound_webhooks.events order by id desc limit 1)"
    )
    numbered.rows("update outbound_webhooks.endpoints set event_types = '{*}' where id = %s", new.id)
    advance(numbered, replay)

    assert made(numbered) == [(new.id, n) for n in (1, 2, 3)]


def test_batches(numbered: Host) -> None:
    """Cut between two endpoints of one event too: each gets each event once, in order; stopped, it goes on there."""
    past(numbered)
    one, two = endpoint(numbered), endpoint(numbered)
    replay = start_reevaluation(numbered, clinic_id="clinic-1", rate=10000)

    advance(numbered, replay, 1)
    numbered.rows("select outbound_webhooks.stop_replay(%s)", replay)
    while_stopped = (advance(numbered, replay, 1), made(numbered))
    numbered.rows("select outbound_webhooks.resume_replay(%s)", replay)
    batches = [advance(numbered, replay, 2) for _ in range(4)]

    assert while_stopped == (None, [(one.id, 1)])
    assert [batch and (batch["moved"], batch["state"]) for batch in batches] == [
        (2, "running"), (2, "running"), (1, "done"), None,
    ]  # fmt: skip
    assert made(numbered) == [(number, n) for n in (1, 2, 3) for number in (one.id, two.id)]
    assert replayed(numbered, replay)["moved"] == 6


def test_order(numbered: Host) -> None:
    """At an endpoint that keeps order the past events of a payment come one after the other."""
    past(numbered)
    new = endpoint(numbered, ordering="per_resource")
    advance(numbered, start_reevaluation(numbered, endpoint_id=new.id, rate=10000))
    steps.make_due(numbered)

    told = []
    while done := end_all(numbered, SUCCEEDED):
        assert len(done) == 1
        told += done

    assert told == sorted(told)
    assert len(told) == 3


def test_a_receiver_that_has_enough(numbered: Host) -> None:
    """While as much is due to it as it may have in flight, it gets no more."""
    past(numbered, 10)
    new = endpoint(numbered, max_in_flight=2)
    emit(numbered, 2)
    replay = start_reevaluation(numbered, endpoint_id=new.id, rate=20)

    while_crowded = advance(numbered, replay)
    claim(numbered, register(numbered))
    afterwards = advance(numbered, replay)

    assert while_crowded == {"moved": 0, "skipped": 0, "state": "running", "look_again": False}
    assert afterwards is not None
    assert afterwards["moved"] == 4


def test_two_at_the_same_time(host: Host, connect: Connect) -> None:
    """Two reevaluations about the same events: the second batch waits for the first, and makes nothing again."""
    past(host)
    new = endpoint(host)
    one, other = (start_reevaluation(host, clinic_id="clinic-1", rate=10000) for _ in range(2))
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            advance(a, one)
            call = running.submit(advance, b, other)
            until_blocked(host, b, call)
        by_b = call.result(timeout=60)

    assert by_b is not None
    assert (by_b["moved"], by_b["state"]) == (0, "done")
    assert made(host) == [(new.id, n) for n in (1, 2, 3)]


def test_beside_a_result(host: Host, connect: Connect) -> None:
    """A moves the only delivery of an event to the finished ones, in an open transaction: it is seen here or there."""
    new = endpoint(host)
    emit(host)
    dispatcher = register(host)
    (claimed,) = claim(host, dispatcher)
    a = connect()
    with a.connection.transaction():
        steps.record(a, steps.result(claimed, dispatcher, SUCCEEDED))
        before = dry_run(host, "reevaluate", endpoint_id=new.id)
    after = dry_run(host, "reevaluate", endpoint_id=new.id)

    assert (before, after) == (0, 0)


def test_it_is_audited(numbered: Host) -> None:
    """One line, with what was chosen."""
    past(numbered)
    new = endpoint(numbered)
    replay = start_reevaluation(numbered, endpoint_id=new.id, since="epoch")
    (line,) = numbered.rows(
        "select action, subject, details from outbound_webhooks.audit_log where subject like 'replay%'"
    )

    assert (line["action"], line["subject"]) == ("reevaluation.started", f"replay {replay}")
    assert line["details"] == {
        "endpoint_id": new.id, "clinic_id": "clinic-1", "since": "1970-01-01T00:00:00+00:00",
        "rate": 100, "deliveries": 3,
    }  # fmt: skip
