"""stat_endpoints: what an operator sees of each endpoint, and what nobody is to see."""

import pytest

from tests.sql import steps
from tests.sql.steps import DEAD, RETRY, SUCCEEDED, Row, claim, emit, endpoint, record, register, result
from tests.sql.viewing import view
from tests.support.host import Host


def look(host: Host, endpoint_id: int) -> Row:
    """An endpoint's row."""
    (row,) = view(host, "stat_endpoints", "endpoint_id = %s", endpoint_id)
    return row


def test_what_waits(sandbox: Host) -> None:
    """Live deliveries are pending, in flight or parked, and nothing else; of what is pending some is due."""
    created = endpoint(sandbox, max_in_flight=2)
    emit(sandbox, 7)
    dispatcher = register(sandbox)
    later, _ = claim(sandbox, dispatcher)
    record(sandbox, result(later, dispatcher, RETRY))
    sandbox.rows(
        "update outbound_webhooks.deliveries set parked_reason = 'paused' where id in"
        " (select max(id) from outbound_webhooks.deliveries)"
    )

    row = look(sandbox, created.id)

    assert [row[name] for name in ("pending", "due", "in_flight", "parked")] == [5, 4, 1, 1]
    assert row["pending"] + row["in_flight"] + row["parked"] == sandbox.value(
        "select count(*) from outbound_webhooks.deliveries"
    )


def test_how_late(sandbox: Host) -> None:
    """The age of what is due for longest; what is parked, in flight or due later has none."""
    created = endpoint(sandbox, max_in_flight=1)
    emit(sandbox, 4)
    none_due = look(sandbox, endpoint(sandbox).id)["oldest_due_seconds"]
    sandbox.rows(
        "update outbound_webhooks.deliveries as d"
        " set next_attempt_at = clock_timestamp() - make_interval(mins => array_position(l.ids, d.id)),"
        "     parked_reason = case when d.id = l.ids[3] then 'paused' end"
        " from (select array_agg(id order by id) as ids from outbound_webhooks.deliveries) as l"
    )
    (leased,) = claim(sandbox, register(sandbox))
    seconds = look(sandbox, created.id)["oldest_due_seconds"]
    sandbox.rows("update outbound_webhooks.deliveries set next_attempt_at = 'infinity' where lease_token is null")

    assert leased["delivery_id"] == sandbox.value("select max(id) from outbound_webhooks.deliveries")
    assert none_due == 0.0
    assert 120 <= seconds < 240  # the second one: the third is parked, the fourth in flight
    assert look(sandbox, created.id)["oldest_due_seconds"] == 0.0


@pytest.mark.usefixtures("within_an_hour")
def test_lately(sandbox: Host) -> None:
    """Attempts of this hour and the one before, added up; older ones are not counted."""
    created = endpoint(sandbox, max_in_flight=1000)
    for hours_ago, values in ((2, DEAD), (1, DEAD), (0, SUCCEEDED)):
        dispatcher = register(sandbox)
        emit(sandbox, 4)
        rows = claim(sandbox, dispatcher)
        record(sandbox, *(result(row, dispatcher, values, duration_ms=60 if hours_ago else 5) for row in rows[:3]))
        steps.release(sandbox, rows[3:], may_have_left=True)
        sandbox.rows("delete from outbound_webhooks.deliveries")
        sandbox.rows(
            "update outbound_webhooks.endpoint_hours set hour = hour - make_interval(hours => %s)"
            " where hour = (select max(hour) from outbound_webhooks.endpoint_hours)",
            hours_ago,
        )

    row = look(sandbox, created.id)

    assert (row["attempts"], float(row["success_rate"])) == (8, 0.5)
    assert row["request_p95_ms"] == 95  # of 3 below 10 and 3 from 50 to 100: 2.7 of the latter three


def test_nothing_is_known(sandbox: Host) -> None:
    """An endpoint that was sent nothing has its row: zeros, no rate, no percentile."""
    row = look(sandbox, endpoint(sandbox).id)

    zeros = ("pending", "due", "in_flight", "parked", "attempts", "failures", "oldest_due_seconds")
    assert {row[name] for name in zeros} == {0}
    assert [row[name] for name in ("success_rate", "request_p95_ms", "oldest_parked", "succeeded_at")] == [None] * 4


def test_how_it_failed(sandbox: Host) -> None:
    """Of the attempt that failed last: when that was recorded, and how; a success after it changes neither."""
    created = endpoint(sandbox)
    emit(sandbox, 4)
    dispatcher = register(sandbox)
    first, second, third, fourth = claim(sandbox, dispatcher)
    before = look(sandbox, created.id)
    record(sandbox, result(first, dispatcher, RETRY, error_class="timeout", http_status=None))
    timed_out = look(sandbox, created.id)
    record(sandbox, *(result(row, dispatcher, RETRY, http_status=503) for row in (second, third)))
    refused = look(sandbox, created.id)
    record(sandbox, result(fourth, dispatcher, SUCCEEDED))
    after = look(sandbox, created.id)

    assert [row["failed_with"] for row in (before, timed_out, refused, after)] == [
        None, "timeout", "http_status 503", "http_status 503",
    ]  # fmt: skip
    assert before["failed_at"] is None
    assert timed_out["failed_at"] < refused["failed_at"] == after["failed_at"] < after["succeeded_at"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://clinic.example/webhooks", "clinic.example"),
        ("https://clinic.example", "clinic.example"),
        ("https://clinic.example:8443/a-secret?token=a-secret#a-secret", "clinic.example:8443"),
        ("https://clinic.example?token=a-secret", "clinic.example"),
        ("https://user:a-secret@clinic.example/@a-secret", "clinic.example"),
        ("https://a@secret@clinic.example/", "clinic.example"),
        ("https://[2001:db8::1]:8443/a-secret", "[2001:db8::1]:8443"),
    ],
)
def test_of_a_url_the_host_alone(sandbox: Host, url: str, host: str) -> None:
    """Whatever an operator's screen shows, paths, queries and passwords do not stand on it."""
    created = endpoint(sandbox)
    sandbox.rows("alter table outbound_webhooks.endpoints disable trigger user")
    sandbox.rows("update outbound_webhooks.endpoints set url = %s where id = %s", url, created.id)

    row = look(sandbox, created.id)

    assert row["host"] == host
    assert "secret" not in str(row)


def test_stopped(sandbox: Host) -> None:
    """A stopped endpoint stands there with the reason, an open breaker with its probe; a retired one does not."""
    paused, troubled, retired = (endpoint(sandbox) for _ in range(3))
    sandbox.rows("select outbound_webhooks.pause_endpoint(%s, 'the clinic moves')", paused.id)
    steps.open_breaker(sandbox, troubled.id)
    sandbox.rows("select outbound_webhooks.retire_endpoint(%s)", retired.id)

    shown: list[Row] = sandbox.rows("select * from outbound_webhooks.stat_endpoints")
    rows = {row["endpoint_id"]: row for row in shown}

    assert rows.keys() == {paused.id, troubled.id}
    assert (rows[paused.id]["state"], rows[paused.id]["reason"]) == ("paused", "the clinic moves")
    assert (rows[troubled.id]["state"], rows[troubled.id]["breaker"], rows[troubled.id]["failures"]) == (
        "active", "open", 10,
    )  # fmt: skip
    assert rows[troubled.id]["probe_at"] > rows[troubled.id]["failing_since"]
