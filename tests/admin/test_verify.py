"""`verify`: an endpoint is made only if where it is to be answers a test with 2xx."""

import json

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.admin_observations import EndpointTested
from tests.admin.client import API, Answer, Api
from tests.admin.sends import nothing_is_there
from tests.support.host import CLINIC, Host

KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
WANTED = {"headers": {"x-team": "payments"}, "verify": True}
ENDPOINTS = f"{API}/endpoints"


async def create(api: Api, url: str, **body: str) -> Answer:
    """Ask for an endpoint, as an owner."""
    return await api.ask("POST", ENDPOINTS, key=api.make_key("owner", CLINIC), body={**WANTED, "url": url, **body})


def endpoints(host: Host) -> list[object]:
    """How many endpoints there are, and how many keys and headers."""
    (row,) = host.rows(
        "select (select count(*) from outbound_webhooks.endpoints) as endpoints,"
        " (select count(*) from outbound_webhooks.endpoint_secrets) as keys,"
        " (select count(*) from outbound_webhooks.endpoint_headers) as headers"
    )
    return list(row.values())


def audited(host: Host) -> list[object]:
    """What the audit log says of endpoints and their keys."""
    rows = host.rows(
        "select action from outbound_webhooks.audit_log where action ~ '^(endpoint|signing_key|header)' order by id"
    )
    return [row["action"] for row in rows]


MADE = ["endpoint.created", "signing_key.issued", "header.created"]


async def test_it_answers(sending: Api, host: Host, receiver: Receiver) -> None:
    """A test goes out, signed, with the headers that it is to have; then it is made, once."""
    receiver.keys["/"] = [KEY]

    answer = await create(sending, receiver.url + "/", secret=KEY)
    (received,) = receiver.received

    assert answer.status == 201
    assert (received.verified, received.headers["x-team"]) == (True, "payments")
    assert json.loads(received.body)["type"] == "webhook.test"
    assert endpoints(host) == [1, 1, 1]
    assert audited(host) == ["endpoint.tried", *MADE]
    assert nothing_is_there(host)
    assert [(seen.endpoint_id, seen.status) for seen in sending.seen.of(EndpointTested)] == [(None, 204)]


async def test_it_does_not(sending: Api, host: Host, receiver: Receiver) -> None:
    """What it answered is said, and nothing is made; the audit log says that it was tried, without the URL's query."""
    receiver.answer_next(404, path="/hooks")

    answer = await create(sending, receiver.url + "/hooks?token=secret")
    told = answer.json
    tried = host.value("select details ->> 'url' from outbound_webhooks.audit_log where action = 'endpoint.tried'")

    assert answer.refusal == (422, "verification_failed")
    assert told["detail"] == "The test was answered with 404, and not with 2xx. No endpoint was made."
    assert (told["test"]["http_status"], told["test"]["endpoint_id"], told["test"]["delivery_id"]) == (404, None, None)
    assert told["test"]["request"]["headers"]["x-team"] == "[redacted]"
    assert endpoints(host) == [0, 0, 0]
    assert audited(host) == ["endpoint.tried"]
    assert tried == f"{receiver.url}/hooks?***"
    assert nothing_is_there(host)


async def test_nobody_answers(sending: Api, host: Host) -> None:
    """A private address that we do not call, say."""
    answer = await create(sending, "https://10.0.0.1/")

    assert answer.refusal == (422, "verification_failed")
    assert answer.json["detail"] == "The test was not answered: blocked_address. No endpoint was made."
    assert endpoints(host) == [0, 0, 0]


async def test_what_is_refused_is_not_tried(sending: Api, host: Host, receiver: Receiver) -> None:
    """A URL that may not be one, and a clinic that has as many as it may have: nothing is sent."""
    refused = await create(sending, "http://clinic.example/")
    host.rows("update outbound_webhooks.settings set max_endpoints_per_clinic = 1")
    host.endpoint("https://clinic.example/")
    too_many = await create(sending, receiver.url + "/")

    assert refused.status == 422
    assert too_many.refusal == (409, "limit_reached")
    assert receiver.received == []
    assert "endpoint.tried" not in audited(host)


async def test_it_counts_as_a_test(sending: Api, receiver: Receiver) -> None:
    """Ten a minute, as of any request of ours to somebody else."""
    key = sending.make_key("owner", CLINIC)
    receiver.default = 500

    answers = [
        await sending.ask("POST", ENDPOINTS, key=key, body={**WANTED, "url": f"{receiver.url}/"}) for _ in range(11)
    ]

    assert [answer.status for answer in answers] == [422] * 10 + [429]
    assert len(receiver.received) == 10


async def test_a_manager(sending: Api, host: Host, receiver: Receiver) -> None:
    """May have an endpoint tried, too, and is not shown its key."""
    body = {"url": f"{receiver.url}/", "verify": True}

    answer = await sending.ask("POST", ENDPOINTS, key=sending.make_key("manager", CLINIC), body=body)

    assert (answer.status, answer.json["secret"]) == (201, None)
    assert len(receiver.received) == 1
    assert endpoints(host) == [1, 1, 0]


async def test_where_nothing_is_sent(api: Api) -> None:
    """A service that does not send makes no endpoint that it was to verify."""
    answer = await create(api, "https://clinic.example/")

    assert answer.refusal == (409, "sending_off")
    assert api.value("select count(*) from outbound_webhooks.endpoints") == 0
