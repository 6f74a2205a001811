"""Test sends: a signed event to one endpoint, at once; what was answered, and what stays on record."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from jsonschema import Draft202012Validator
from pydantic import SecretStr

from dispatcher.core.sealing import HEADER, SIGNING_KEY, parse_keyring, purpose_of, seal
from dispatcher.demo.receiver import Receiver
from dispatcher.serve import open_sender
from dispatcher.telemetry.admin_observations import EndpointNotTested, EndpointTested
from tests.admin.client import API, Api
from tests.admin.conftest import serve_api
from tests.admin.sends import nothing_is_there, on_record, send
from tests.support.host import CLINIC, Endpoint, Host
from tests.support.settings import MASTER_KEYS, settings_for

OTHER_KEYS = "other:" + "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="


def endpoint_at(host: Host, receiver: Receiver, path: str = "/", **options: Any) -> Endpoint:
    """An endpoint at a path of the receiver, which knows its key."""
    made = host.endpoint(receiver.url + path, **options)
    receiver.keys[path] = [made.secret]
    return made


async def test_a_signed_event(sending: Api, host: Host, receiver: Receiver) -> None:
    """It arrives, verifies, and is answered; the caller sees what was sent, and what came of it."""
    made = endpoint_at(host, receiver)

    answer = await send(sending, made)
    (received,) = receiver.received
    told = answer.json
    body = json.loads(received.body)
    schema: Any = host.value("select schema from outbound_webhooks.event_types where name = %s", body["type"])

    Draft202012Validator(schema).validate(body)
    assert answer.status == 200
    assert received.verified
    assert (body["type"], body["data"]) == ("webhook.test", {"endpoint_id": str(made.id)})
    assert received.headers["webhook-request-id"] == answer.headers["X-Request-Id"]
    assert (told["succeeded"], told["http_status"], told["error_class"], told["endpoint_id"]) == (
        True,
        204,
        None,
        made.id,
    )
    assert told["request"]["body"] == received.body.decode()
    assert told["event_id"] == received.webhook_id
    assert told["request"]["headers"].items() <= received.headers.items()
    assert datetime.fromisoformat(told["started_at"]) <= datetime.now(UTC)
    assert told["duration_ms"] >= 0


async def test_it_is_on_record(sending: Api, host: Host, receiver: Receiver) -> None:
    """As an event, a delivery that ended, and an attempt with the reason `test`; and who it was in the audit log."""
    made = endpoint_at(host, receiver)

    told = (await send(sending, made)).json
    (row,) = on_record(host)
    (line,) = host.rows(
        "select actor, clinic_id, subject, details from outbound_webhooks.audit_log where action = 'endpoint.tested'"
    )

    assert row.pop("duration_ms") == told["duration_ms"]
    assert row == {
        "type": "webhook.test", "resource": "webhook", "resource_id": str(made.id), "clinic_id": CLINIC,
        "delivery_id": told["delivery_id"], "state": "succeeded", "reason": None, "attempt_count": 1,
        "failure_count": 0, "last_http_status": 204, "last_error_class": None, "why": "test", "outcome": "succeeded",
        "error_class": None, "http_status": 204, "note": None, "number": 1, "dispatcher_id": None,
    }  # fmt: skip
    assert line == {
        "actor": "API key 1",
        "clinic_id": CLINIC,
        "subject": f"endpoint {made.id}",
        "details": {"delivery_id": told["delivery_id"], "event_id": told["event_id"]},
    }
    assert [seen.status for seen in sending.seen.of(EndpointTested)] == [204]


async def test_nothing_is_concluded(sending: Api, host: Host, receiver: Receiver) -> None:
    """Not from 410, which would disable it, nor from 503: state, flow and statistics of the endpoint are as before."""
    made = endpoint_at(host, receiver)
    looked = "select f::text, e::text from outbound_webhooks.endpoint_flow as f, outbound_webhooks.endpoints as e"
    before = host.rows(looked)
    receiver.answer_next(410, 503)

    answers = [await send(sending, made), await send(sending, made)]

    assert [(answer.status, answer.json["http_status"], answer.json["error_class"]) for answer in answers] == [
        (200, 410, "http_status"),
        (200, 503, "http_status"),
    ]
    assert host.rows(looked) == before
    assert host.rows("select * from outbound_webhooks.endpoint_hours") == []
    assert [(row["state"], row["reason"], row["failure_count"]) for row in on_record(host)] == [
        ("dead", "a test is sent once", 0)
    ] * 2
    assert host.value("select count(*) from outbound_webhooks.deliveries") == 0


@pytest.mark.parametrize("state", ["paused", "disabled"])
async def test_a_stopped_endpoint(sending: Api, host: Host, receiver: Receiver, state: str) -> None:
    """That is when tests are of use."""
    made = endpoint_at(host, receiver)
    host.rows(
        "update outbound_webhooks.endpoints set state = %s, state_reason = 'a test' where id = %s", state, made.id
    )

    assert (await send(sending, made)).json["succeeded"] is True
    assert receiver.received[0].verified


async def test_what_it_asks_for_does_not_matter(sending: Api, host: Host, receiver: Receiver) -> None:
    """Neither its types nor its filter; and no other endpoint gets it, not even one that asks for everything."""
    made = endpoint_at(host, receiver, "/tested", event_types=["payout.*"], filter='{"currency": "EUR"}')
    endpoint_at(host, receiver, "/other", event_types=["*", "webhook.*"])

    await send(sending, made)

    assert [request.path for request in receiver.received] == ["/tested"]
    assert host.value("select count(*) from outbound_webhooks.deliveries") == 0


async def test_a_retired_endpoint(sending: Api, host: Host, receiver: Receiver) -> None:
    """It is gone for good."""
    made = endpoint_at(host, receiver)
    host.rows("select outbound_webhooks.retire_endpoint(%s)", made.id)

    assert (await send(sending, made)).refusal == (409, "conflict")
    assert receiver.received == []


async def test_unknown_and_foreign(sending: Api, host: Host, receiver: Receiver) -> None:
    """The same answer; an operator may test any, without naming its clinic."""
    foreign = endpoint_at(host, receiver)

    answers = [await send(sending, number, clinic="another") for number in (foreign.id, 4711)]
    named = await sending.ask(
        "POST", f"{API}/test?clinic_id=another", key=sending.make_key("operator"), body={"endpoint_id": foreign.id}
    )
    shown = {answer.text.replace(answer.json["request_id"], "") for answer in [*answers, named]}

    assert {answer.refusal for answer in answers} == {(404, "not_found")}
    assert len(shown) == 1
    assert nothing_is_there(host)
    assert (await send(sending, foreign, "operator")).json["succeeded"] is True


def sealed(host: Host, made: Endpoint, keys: str) -> None:
    """Seal what an endpoint has, as the leader does."""
    ring = parse_keyring(keys)
    for table, value, kind in (("secrets", "secret", SIGNING_KEY), ("headers", "value", HEADER)):
        name = "name" if kind == HEADER else "null"
        for row in host.rows(f"select id, {value} as clear, {name} as name from outbound_webhooks.endpoint_{table}"):
            purpose = purpose_of(kind, None if row["name"] is None else str(row["name"]))
            text = seal(ring, purpose, CLINIC, made.id, str(row["clear"]), b"n" * 12)
            host.rows(
                f"update outbound_webhooks.endpoint_{table} set {value} = null, sealed = %s where id = %s",
                text, row["id"],
            )  # fmt: skip


@pytest.mark.parametrize("is_sealed", [True, False])
async def test_secrets(sending: Api, host: Host, receiver: Receiver, is_sealed: bool) -> None:
    """Keys and headers are opened as dispatchers do it, sealed or not yet; the caller sees no header's value."""
    made = endpoint_at(host, receiver, headers='{"X-Team": "payments-team", "authorization": "Bearer token-of-clinic"}')
    if is_sealed:
        sealed(host, made, MASTER_KEYS)

    answer = await send(sending, made)
    (received,) = receiver.received
    shown = answer.json["request"]["headers"]

    assert received.verified
    assert received.headers["x-team"] == "payments-team"
    assert received.headers["authorization"] == "Bearer token-of-clinic"
    assert (shown["x-team"], shown["authorization"]) == ("[redacted]", "[redacted]")
    assert shown["webhook-signature"] == received.headers["webhook-signature"]
    assert "payments-team" not in answer.text
    assert "token-of-clinic" not in answer.text


async def test_every_key_that_signs(sending: Api, host: Host, receiver: Receiver) -> None:
    """During the overlap of a rotation both; a key that was revoked signs no more."""
    made = endpoint_at(host, receiver)
    new = host.value("select secret from outbound_webhooks.rotate_secret(%s)", made.id)

    await send(sending, made)
    host.rows(
        "select outbound_webhooks.revoke_secret(id) from outbound_webhooks.endpoint_secrets where valid_until > now()"
    )
    await send(sending, made)
    receiver.keys["/"] = [str(new)]
    await send(sending, made)
    signatures = [request.headers["webhook-signature"].count("v1,") for request in receiver.received]

    assert signatures == [2, 1, 1]
    assert [request.verified for request in receiver.received] == [True, False, True]


async def test_a_key_that_does_not_open(sending: Api, host: Host, receiver: Receiver) -> None:
    """Nothing is sent, and nothing is on record; the log says why, the caller is told that it is."""
    made = endpoint_at(host, receiver)
    sealed(host, made, OTHER_KEYS)

    answer = await send(sending, made)
    (seen,) = sending.seen.of(EndpointNotTested)

    assert answer.refusal == (409, "unusable_secret")
    assert "other" not in answer.text
    assert "master key other is not among the configured ones" in seen.reason
    assert receiver.received == []
    assert nothing_is_there(host)


SILENCES = {
    "never-armed": (
        "update outbound_webhooks.settings set armed_environment = null, armed_system_identifier = null,"
        " armed_database_oid = null, armed_database = null, armed_at = null, armed_by = null"
    ),
    "armed-for-another": "update outbound_webhooks.settings set armed_environment = 'production'",
    "a-copy": "update outbound_webhooks.settings set armed_database_oid = armed_database_oid::bigint + 1",
    "switched-off": "select outbound_webhooks.set_delivery(false, 'the receivers are flooded')",
}


@pytest.mark.parametrize("silence", SILENCES)
async def test_where_nothing_is_sent(sending: Api, host: Host, receiver: Receiver, silence: str) -> None:
    """Nor is a test; what is said of it names no database, server or environment."""
    made = endpoint_at(host, receiver)
    host.rows(SILENCES[silence])

    answer = await send(sending, made)

    assert answer.refusal == (409, "conflict")
    assert ("the receivers are flooded" in answer.text) == (silence == "switched-off")
    assert "production" not in answer.text
    assert receiver.received == []
    assert nothing_is_there(host)


@pytest.mark.parametrize("changes", [{"enabled": False}, {"environment": None}, {"master_keys": SecretStr("")}])
async def test_without_a_way_out(host: Host, certificates: tuple[trustme.CA, Path], changes: dict[str, object]) -> None:
    """`serve` has one only where a dispatcher would send, and what is sealed can be opened."""
    settings = settings_for(host.url, certificates[1])
    async with open_sender(settings.model_copy(update=changes)) as sender:
        assert sender is None


async def test_a_process_that_sends_nothing(host: Host, receiver: Receiver) -> None:
    """Tests are refused, and the rest of the API works."""
    made = endpoint_at(host, receiver)

    async with serve_api(host.url) as api:
        assert (await send(api, made)).refusal == (409, "sending_off")
        assert (await api.ask("GET", f"{API}/me", key=api.make_key("owner", CLINIC))).status == 200

    assert nothing_is_there(host)


async def refuses(_: web.Request) -> web.Response:
    """An error page."""
    return web.Response(status=500, text="no such patient")


@pytest.mark.parametrize(("role", "excerpt"), [("owner", "no such patient"), ("manager", None), ("operator", None)])
async def test_who_reads_the_answer(
    sending: Api, host: Host, receiver: Receiver, role: str, excerpt: str | None
) -> None:
    """The clinic's owner alone; it is on record as of any other attempt."""
    made = endpoint_at(host, receiver)
    receiver.answer_next(refuses)

    answer = await send(sending, made, role)
    (kept,) = host.rows("select * from outbound_webhooks.response_excerpts(%s)", answer.json["delivery_id"])

    assert (answer.json["http_status"], answer.json["response_excerpt"]) == (500, excerpt)
    assert answer.json["content_type"] == "text/plain; charset=utf-8"
    assert kept["response_excerpt"] == "no such patient"


async def test_how_many(sending: Api, host: Host, receiver: Receiver) -> None:
    """Ten a minute for one caller, whatever else they do."""
    made = endpoint_at(host, receiver)
    key = sending.make_key("owner", CLINIC)

    answers = [await sending.ask("POST", f"{API}/test", key=key, body={"endpoint_id": made.id}) for _ in range(11)]

    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert answers[-1].refusal == (429, "rate_limited")
    assert len(receiver.received) == 10


@pytest.mark.parametrize("body", [{}, {"endpoint_id": "1"}, {"endpoint_id": 0}, {"endpoint_id": 1, "url": "x"}])
async def test_wrong_bodies(sending: Api, host: Host, body: dict[str, Any]) -> None:
    """Refused with where it is wrong."""
    answer = await sending.ask("POST", f"{API}/test", key=sending.make_key("owner", CLINIC), body=body)

    assert answer.refusal == (422, "invalid_body")
    assert answer.json["errors"][0]["path"] in ("/endpoint_id", "/url")
    assert nothing_is_there(host)
