"""Endpoints over HTTP: made, shown, listed, changed, stopped and retired."""

from typing import Any

import pytest

from tests.admin.client import Api
from tests.admin.making import ENDPOINTS, URL, made, put, row_of

DEFAULTS = {
    "event_types": ["*"],
    "filter": None,
    "description": "",
    "ordering": "none",
    "max_in_flight": 10,
    "requests_per_second": None,
    "timeout_seconds": 20,
    "retry_schedule": None,
}
OPTIONS: dict[str, Any] = {
    "event_types": ["payment_transaction.*", "endpoint.disabled"],
    "filter": {"currency": "BRL", "nested": {"ação": [1, 2.5, None, True]}},
    "description": "the till's\nsecond line 🦷",
    "ordering": "per_resource",
    "max_in_flight": 3,
    "requests_per_second": 20,
    "timeout_seconds": 5,
    "retry_schedule": [0, 30, 604800],
}
QUIET = {"pending": 0, "due": 0, "in_flight": 0, "parked": 0, "failures": 0, "attempts": 0, "success_rate": None}


async def test_the_life_of_an_endpoint(api: Api) -> None:
    """Made, shown, changed, paused, resumed, retired; its key is shown once."""
    key = api.make_key("owner", "a")

    created = await made(api, key)
    path = f"{ENDPOINTS}/{created['endpoint_id']}"
    secret = created.pop("secret")
    shown = await api.ask("GET", path, key=key)
    changed = await api.ask("PATCH", path, key=key, body={"timeout_seconds": 5, "description": "till"})
    paused = await api.ask("POST", f"{path}/pause", key=key, body={"reason": "holidays"})
    resumed = await api.ask("POST", f"{path}/resume", key=key, body={"drain_rate": 7})
    retired = await api.ask("DELETE", f"{path}?reason=moved", key=key)
    after = await api.ask("GET", path, key=key)

    assert secret.startswith("whsec_")
    assert shown.json == created
    assert secret not in shown.text
    assert changed.json == {**created, "timeout_seconds": 5, "description": "till", "status": changed.json["status"]}
    assert (paused.json["state"], paused.json["state_reason"]) == ("paused", "holidays")
    assert (resumed.json["state"], resumed.json["state_reason"]) == ("active", None)
    assert (retired.status, retired.text) == (204, "")
    assert (after.json["state"], after.json["state_reason"], after.json["status"]) == ("retired", "moved", None)
    assert api.value("select drain_rate from outbound_webhooks.endpoint_flow") == 7


async def test_what_it_is_made_with(api: Api) -> None:
    """All that was asked for; what was not, as create_endpoint() has it; and the key is the one that signs."""
    key = api.make_key("owner", "a")

    plain, full = await made(api, key), await made(api, key, **OPTIONS)
    by_sql = row_of(api, put(api, "a"))["endpoint"]

    assert {name: plain[name] for name in DEFAULTS} == {name: by_sql[name] for name in DEFAULTS} == DEFAULTS
    assert {name: full[name] for name in OPTIONS} == OPTIONS
    assert (full["clinic_id"], full["url"], full["state"]) == ("a", URL, "active")
    assert {name: full["status"][name] for name in QUIET} == QUIET
    assert full["status"]["breaker"] == "closed"
    assert row_of(api, full["endpoint_id"])["keys"][0]["secret"] == full["secret"]


async def test_a_key_of_ones_own(api: Api) -> None:
    """And headers: as they were given; the headers are not repeated."""
    secret = "whsec_" + "A" * 43 + "="

    answer = await made(api, api.make_key("owner", "a"), secret=secret, headers={"X-Api-Key": "s3cret"})

    row = row_of(api, answer["endpoint_id"])
    assert answer["secret"] == row["keys"][0]["secret"] == secret
    assert [(header["name"], header["value"]) for header in row["headers"]] == [("x-api-key", "s3cret")]
    assert "s3cret" not in str(answer)


@pytest.mark.parametrize("option", OPTIONS)
async def test_each_option_can_be_changed(api: Api, option: str) -> None:
    """And nothing but it changes; null takes away what an endpoint need not have."""
    key = api.make_key("owner", "a")
    before = await made(api, key)
    before.pop("secret")
    path = f"{ENDPOINTS}/{before['endpoint_id']}"

    changed = await api.ask("PATCH", path, key=key, body={option: OPTIONS[option]})
    back = await api.ask("PATCH", path, key=key, body={option: DEFAULTS[option]})

    assert changed.json == {**before, option: OPTIONS[option], "status": changed.json["status"]}
    assert back.json == {**before, "status": back.json["status"]}


async def test_a_change_of_nothing(api: Api) -> None:
    """It is no error, and no line of the audit log."""
    key = api.make_key("owner", "a")
    number = (await made(api, key))["endpoint_id"]

    answer = await api.ask("PATCH", f"{ENDPOINTS}/{number}", key=key, body={})

    assert answer.status == 200
    assert api.value("select count(*) from outbound_webhooks.audit_log where action = 'endpoint.changed'") == 0


async def test_the_audit_log(api: Api) -> None:
    """Each change stands in it, with who, in which request; of the URL not the query."""
    key = api.make_key("owner", "a")
    number = (await made(api, key))["endpoint_id"]
    path, named = f"{ENDPOINTS}/{number}", {"X-Request-Id": "abc-123_xyz"}
    await api.ask("PATCH", path, key=key, body={"url": f"{URL}?token=t0ken"}, headers=named)
    await api.ask("POST", f"{path}/pause", key=key, body={}, headers=named)
    await api.ask("POST", f"{path}/resume", key=key, body={}, headers=named)
    await api.ask("DELETE", path, key=key, headers=named)

    lines = api.database.execute(
        "select action, actor, clinic_id, subject, request_id from outbound_webhooks.audit_log"
        " where request_id = 'abc-123_xyz' order by id"
    ).fetchall()

    assert lines == [
        (f"endpoint.{deed}", "API key 1", "a", f"endpoint {number}", "abc-123_xyz")
        for deed in ("changed", "paused", "resumed", "retired")
    ]
    assert "t0ken" not in api.value("select string_agg(a::text, ' ') from outbound_webhooks.audit_log as a")


async def test_how_it_is_doing(api: Api) -> None:
    """What waits for it is counted; what waits for another one is not."""
    key = api.make_key("owner", "a")
    busy, idle = put(api, "a"), put(api, "a", event_types=["other.thing"])
    api.run(
        "select outbound_webhooks.emit('a', 'payment_transaction.created', 'payment_transaction', '1', '{}')"
        " from generate_series(1, 3)"
    )
    api.run("update outbound_webhooks.deliveries set parked_reason = 'paused' where id in (select max(id) from"
            " outbound_webhooks.deliveries)")  # fmt: skip

    listed = await api.ask("GET", ENDPOINTS, key=key)

    status = {endpoint["endpoint_id"]: endpoint["status"] for endpoint in listed.json["endpoints"]}
    assert {name: status[busy][name] for name in ("pending", "due", "parked")} == {"pending": 2, "due": 2, "parked": 1}
    assert {name: status[idle][name] for name in ("pending", "due", "parked")} == {"pending": 0, "due": 0, "parked": 0}
    assert (await api.ask("GET", f"{ENDPOINTS}/{busy}", key=key)).json["status"]["parked"] == 1


STATES = {
    "active": ("PATCH", "pause", "resume", "DELETE"),
    "paused": ("PATCH", "pause", "resume", "DELETE"),
    "disabled": ("PATCH", "resume", "DELETE"),
    "retired": (),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("deed", ["PATCH", "pause", "resume", "DELETE"])
async def test_what_a_state_allows(api: Api, state: str, deed: str) -> None:
    """The rest is a conflict, which says what the state is."""
    number = put(api, "a")
    api.run("update outbound_webhooks.endpoints set state = %s, state_reason = 'a test'", state)
    method, rest = (deed, "") if deed.isupper() else ("POST", f"/{deed}")
    body: dict[str, object] | None = None if method == "DELETE" else {}

    answer = await api.ask(method, f"{ENDPOINTS}/{number}{rest}", key=api.make_key("owner", "a"), body=body)

    if deed in STATES[state]:
        assert answer.status in {200, 204}
    else:
        assert answer.refusal == (409, "conflict")
        assert f"endpoint {number} is {state}" in answer.json["detail"]


async def test_as_many_as_a_clinic_may_have(api: Api) -> None:
    """One more is refused, and a retired one makes room."""
    key = api.make_key("owner", "a")
    most = api.value("select max_endpoints_per_clinic from outbound_webhooks.settings")
    numbers = [put(api, "a") for _ in range(most)]

    refused = await api.ask("POST", ENDPOINTS, key=key, body={"url": URL})
    await api.ask("DELETE", f"{ENDPOINTS}/{numbers[0]}", key=key)

    assert refused.refusal == (409, "limit_reached")
    assert (await api.ask("POST", ENDPOINTS, key=key, body={"url": URL})).status == 201


async def test_an_operator(api: Api) -> None:
    """Makes one for the clinic that is named, and for none that is not; sees and changes all of them."""
    key = api.make_key("operator")

    unnamed = await api.ask("POST", ENDPOINTS, key=key, body={"url": URL})
    created = await made(api, key, "?clinic_id=b")
    changed = await api.ask("PATCH", f"{ENDPOINTS}/{created['endpoint_id']}", key=key, body={"timeout_seconds": 5})

    assert unnamed.refusal == (400, "clinic_needed")
    assert (created["clinic_id"], created["secret"][:6]) == ("b", "whsec_")
    assert changed.json["timeout_seconds"] == 5
