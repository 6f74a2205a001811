"""deliveries over HTTP: finding them, one with all that is known of it, sending one again, giving it up."""

from datetime import datetime
from typing import get_args
from uuid import UUID

import pytest

from dispatcher.admin.cursors import write_cursor
from dispatcher.admin.operations import delivery_rows
from dispatcher.core import model
from tests.admin.client import API, Answer, Api
from tests.sql import steps
from tests.support.host import Host

LIST = f"{API}/deliveries"


@pytest.fixture
def api_database(host: Host) -> str:
    """A database of each test's own."""
    return host.url


def some(host: Host, clinic: str = "a") -> dict[str, int]:
    """Deliveries of a clinic by what became of them; those that failed have an answer of the receiver on record."""
    endpoint = steps.endpoint(host, clinic).id
    steps.emit(host, 4, clinic)
    dispatcher = steps.register(host)
    claimed = [row for row in steps.claim(host, dispatcher) if row["endpoint_id"] == endpoint]
    told = {"response_excerpt": "an answer of theirs", "content_type": "text/html"}
    ends = {"succeeded": steps.SUCCEEDED, "dead": {**steps.DEAD, **told}, "failed": {**steps.RETRY, **told}}
    steps.record(host, *(steps.result(row, dispatcher, end) for row, end in zip(claimed, ends.values(), strict=False)))
    steps.release(host, claimed[3:])
    return dict(zip([*ends, "waiting"], steps.ids(claimed), strict=True)) | {"endpoint": endpoint}


def ids(answer: Answer) -> list[int]:
    """The ids in a list."""
    return [found["delivery_id"] for found in answer.json["deliveries"]]


async def test_a_list(api: Api, host: Host) -> None:
    """A clinic's own, the newest first, live and finished alike; how the last attempt failed, of both."""
    some(host, "b")
    found = some(host)

    answer = await api.ask("GET", LIST, key=api.make_key("manager", "a"))

    assert ids(answer) == [found[name] for name in ("waiting", "failed", "dead", "succeeded")]
    assert answer.json["next"] is None
    assert [(one["state"], one["error_class"], one["http_status"]) for one in answer.json["deliveries"]] == [
        ("pending", None, None), ("pending", "http_status", 500), ("dead", "http_status", 500),
        ("succeeded", None, 204),
    ]  # fmt: skip
    one = answer.json["deliveries"][2]
    assert (one["clinic_id"], one["endpoint_id"], one["reason"]) == ("a", found["endpoint"], "no attempts left")
    assert (one["type"], one["resource"], one["resource_id"]) == (
        "payment_transaction.created", "payment_transaction", "1",
    )  # fmt: skip
    assert datetime.fromisoformat(one["finished_at"]) >= datetime.fromisoformat(one["created_at"])
    assert "an answer of theirs" not in answer.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=dead", ["dead"]),
        ("error_class=http_status", ["failed", "dead"]),
        ("error_class=http_status&state=pending", ["failed"]),
        ("error_class=timeout", []),
        ("type=payment_transaction.*&limit=2", ["waiting", "failed"]),
        ("type=invoice.sent", []),
        ("resource=payment_transaction&resource_id=1&state=succeeded", ["succeeded"]),
        ("resource=payment_transaction&resource_id=2", []),
        ("since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z", []),
        ("since=2020-01-01T00:00:00%2B01:00&state=succeeded", ["succeeded"]),
        ("endpoint_id=4711", []),
    ],
)
async def test_filters(api: Api, host: Host, query: str, expected: list[str]) -> None:
    """All that is named has to fit."""
    found = some(host)

    answer = await api.ask("GET", f"{LIST}?{query}", key=api.make_key("owner", "a"))

    assert ids(answer) == [found[name] for name in expected]


async def test_pages(api: Api, host: Host) -> None:
    """Each goes on behind the one before; what comes meanwhile moves nothing."""
    found, key = some(host), api.make_key("owner", "a")
    seen, cursor = [], ""
    while True:
        answer = await api.ask("GET", f"{LIST}?limit=1{cursor}", key=key)
        seen += ids(answer)
        steps.emit(host, 1, "a")
        if answer.json["next"] is None:
            break
        cursor = f"&cursor={answer.json['next']}"

    assert seen == [found[name] for name in ("waiting", "failed", "dead", "succeeded")]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("state=failed", "/state"),
        ("error_class=500", "/error_class"),
        ("type=payment", "/type"),
        ("endpoint_id=0", "/endpoint_id"),
        ("endpoint_id=9223372036854775808", "/endpoint_id"),
        ("resource_id=1", "/"),
        ("since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "/"),
        ("since=yesterday", "/since"),
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("cursor=x", "/cursor"),
        ("status=dead", "/status"),
    ],
)
async def test_what_cannot_be_meant(api: Api, query: str, path: str) -> None:
    """It is refused, with where it stands: a filter that is left out would show more than was asked for."""
    answer = await api.ask("GET", f"{LIST}?{query}", key=api.make_key("owner", "a"))

    assert answer.refusal == (400, "invalid_parameter")
    assert [error["path"] for error in answer.json["errors"]] == [path]


@pytest.mark.parametrize(
    "cursor",
    [
        write_cursor(UUID(int=2**128 - 1), 2**63 - 1),
        write_cursor(UUID(int=0), -(2**63) + 1),
        write_cursor(UUID(int=2**127), 0),
    ],
)
async def test_cursors_that_somebody_made_up(api: Api, host: Host, cursor: str) -> None:
    """They show what is behind them, of one's own."""
    some(host, "b")

    answer = await api.ask("GET", f"{LIST}?cursor={cursor}", key=api.make_key("owner", "a"))

    assert (answer.status, ids(answer)) == (200, [])


async def test_an_operator(api: Api, host: Host) -> None:
    """All clinics, or the one that is named; events about one thing are a clinic's."""
    a, b = some(host), some(host, "b")
    key = api.make_key("operator")

    everybodys = await api.ask("GET", LIST, key=key)
    of_b = await api.ask("GET", f"{LIST}?clinic_id=b&state=dead", key=key)
    of_an_endpoint = await api.ask("GET", f"{LIST}?endpoint_id={a['endpoint']}&state=dead", key=key)
    about_one = await api.ask("GET", f"{LIST}?resource=payment_transaction&resource_id=1", key=key)

    assert len(ids(everybodys)) == 8
    assert (ids(of_b), ids(of_an_endpoint)) == ([b["dead"]], [a["dead"]])
    assert about_one.refusal == (400, "clinic_needed")


async def test_one(api: Api, host: Host) -> None:
    """What was tried, the newest first, and what is in the way now."""
    found = some(host)
    host.rows("select outbound_webhooks.set_delivery(false, 'a test')")

    answer = await api.ask("GET", f"{LIST}/{found['failed']}", key=api.make_key("owner", "a"))

    assert (answer.json["delivery_id"], answer.json["state"], answer.json["attempt_count"]) == (
        found["failed"],
        "pending",
        1,
    )
    assert [(one["number"], one["reason"], one["outcome"], one["error_class"]) for one in answer.json["attempts"]] == [
        (1, "first", "failed", "http_status")
    ]
    codes = [line["code"] for line in answer.json["explain"]]
    assert (codes[0], codes[-1]) == ("switched_off", "last_attempt")


@pytest.mark.parametrize("name", ["failed", "dead"])
@pytest.mark.parametrize(("role", "shown"), [("owner", "an answer of theirs"), ("manager", None), ("operator", None)])
async def test_who_sees_what_a_receiver_answered(api: Api, host: Host, name: str, role: str, shown: str | None) -> None:
    """The clinic's owner alone."""
    found = some(host)
    key = api.make_key(role, None if role == "operator" else "a")

    answer = await api.ask("GET", f"{LIST}/{found[name]}?clinic_id=a", key=key)

    assert [one["response_excerpt"] for one in answer.json["attempts"]] == [shown]
    assert ("an answer of theirs" in answer.text) == (shown is not None)


async def test_retry(api: Api, host: Host) -> None:
    """It is due, or the answer says what keeps it; the audit log has who asked."""
    found = some(host)

    answer = await api.ask("POST", f"{LIST}/{found['dead']}/retry", key=api.make_key("manager", "a"))

    assert (answer.status, answer.json["delivery_id"]) == (200, found["dead"])
    assert answer.json["words"].startswith("due")
    assert steps.states(host)[found["dead"]] == "pending"
    assert host.rows("select action, actor, subject from outbound_webhooks.audit_log where clinic_id = 'a'"
        " and action like 'delivery%'") == [
        {"action": "delivery.retried", "actor": "API key 1", "subject": f"delivery {found['dead']}"}
    ]  # fmt: skip


async def test_a_retry_that_is_refused(api: Api, host: Host) -> None:
    """With the reason."""
    found = some(host)
    host.rows("select outbound_webhooks.pause_endpoint(%s)", found["endpoint"])

    answer = await api.ask("POST", f"{LIST}/{found['dead']}/retry", key=api.make_key("owner", "a"))

    assert answer.refusal == (409, "conflict")
    assert "is paused" in answer.json["detail"]


async def test_cancel(api: Api, host: Host) -> None:
    """It is given up, with the reason; a second time, it has ended."""
    found, key = some(host), api.make_key("manager", "a")
    path = f"{LIST}/{found['failed']}"

    done = await api.ask("POST", f"{path}/cancel", key=key, body={"reason": "sent by hand"})
    after = await api.ask("GET", path, key=key)
    again = await api.ask("POST", f"{path}/cancel", key=key, body={})

    assert done.status == 204
    assert (after.json["state"], after.json["reason"]) == ("cancelled", "sent by hand")
    assert (after.json["error_class"], after.json["http_status"]) == ("http_status", 500)
    assert again.refusal == (409, "conflict")
    assert again.json["detail"] == f"delivery {found['failed']} has ended: it is cancelled"
    assert (
        host.value("select actor from outbound_webhooks.audit_log where action = 'delivery.cancelled'") == "API key 1"
    )


@pytest.mark.parametrize("body", [{"reason": ""}, {"reason": "x" * 501}, {"reason": None}, {"why": "x"}])
async def test_a_reason_that_is_none(api: Api, host: Host, body: object) -> None:
    """It is refused, and nothing is cancelled."""
    found = some(host)

    answer = await api.ask("POST", f"{LIST}/{found['waiting']}/cancel", key=api.make_key("owner", "a"), body=body)

    assert answer.refusal == (422, "invalid_body")
    assert steps.states(host)[found["waiting"]] == "pending"


async def test_a_reason_of_ours(api: Api, host: Host) -> None:
    """If none is given."""
    found = some(host)

    await api.ask("POST", f"{LIST}/{found['waiting']}/cancel", key=api.make_key("owner", "a"), body={})

    assert host.value("select reason from outbound_webhooks.finished_deliveries where state = 'cancelled'") == (
        "cancelled by hand"
    )


@pytest.mark.parametrize("number", [0, 4711, 2**63 - 1, 2**63, 10**18])
async def test_one_that_is_not_there(api: Api, number: int) -> None:
    """404, however large the number is."""
    key = api.make_key("owner", "a")

    for method, path, body in (("GET", "", None), ("POST", "/retry", None), ("POST", "/cancel", {})):
        answer = await api.ask(method, f"{LIST}/{number}{path}", key=key, body=body)
        assert answer.refusal == (404, "not_found")


def test_words() -> None:
    """The API's states and error classes are those of the path."""
    assert set(get_args(delivery_rows.State)) == set(model.DeliveryState)
    assert set(get_args(delivery_rows.ErrorClass)) == set(model.ErrorClass)
