"""Test sends when something goes wrong: receivers that are hostile or hang, and what happens to us in between."""

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web

from dispatcher.admin import testing
from dispatcher.admin.deps import Visit
from dispatcher.core.access import Role
from dispatcher.core.identity import Principal, Way
from dispatcher.core.model import Request, SendResult
from dispatcher.demo.receiver import Receiver
from dispatcher.egress.errors import LocalFailure
from dispatcher.telemetry.admin_observations import EndpointNotTested
from tests.admin.client import API, Api, Browser, cookie_of
from tests.admin.conftest import serve_api
from tests.admin.sends import on_record, send
from tests.hostile.certificates import HOST
from tests.hostile.receivers import RECEIVERS, Hostile
from tests.hostile.serving import serve_all
from tests.integration.test_crash import Gate
from tests.support.cli import URL, cli
from tests.support.host import CLINIC, Host
from tests.support.process import PATIENT, DispatcherProcess, run_dispatcher
from tests.support.raw import never_answers, serve_raw, server_tls
from tests.support.settings import environment

AT_ONCE = 20  # they, and who is looked up, are all on this loop: more of them make each other late
CLINICS = 20  # so that none has too many at once


def owner_of(clinic: str) -> Visit:
    """A request of an owner."""
    principal = Principal(Way.API_KEY, "API key 1", roles={clinic: Role.OWNER}, number=1)
    return Visit(principal, clinic, "request-1", "127.0.0.1")


async def test_hostile_receivers(
    sending: Api, host: Host, certificates: tuple[trustme.CA, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each comes to what it comes to for a dispatcher, told and recorded; many of them at once, and nothing breaks."""
    monkeypatch.setattr(testing, "MOST_AT_ONCE", len(RECEIVERS))
    async with serve_all(RECEIVERS, certificates[0], tmp_path) as urls:
        made: dict[int, tuple[str, Hostile]] = {}
        for number, (url, row) in enumerate(urls.items()):
            clinic = f"clinic-{number % CLINICS}"
            created = host.endpoint(url, clinic=clinic, timeout_seconds=row.timeout)
            made[created.id] = clinic, row
        told = []
        for begin in range(0, len(made), AT_ONCE):
            some = list(made.items())[begin : begin + AT_ONCE]
            told += await asyncio.gather(
                *(testing.send_test(sending.deps, owner_of(clinic), number) for number, (clinic, _) in some)
            )
    found = {sent.endpoint_id: (sent.http_status, sent.error_class, sent.note, sent.succeeded) for sent in told}
    recorded = {
        int(row["resource_id"]): (row["http_status"], row["error_class"], row["note"], row["state"] == "succeeded")
        for row in on_record(host)
    }

    assert found == recorded
    assert found == {
        number: (row.status, None if row.succeeds else row.error or "http_status", row.note, row.succeeds)
        for number, (_, row) in made.items()
    }
    assert not any(sent.response_excerpt for sent in told if sent.succeeded)


@pytest.mark.parametrize("url", ["https://10.0.0.1/", "https://[fd00::1]/", "https://169.254.169.254/latest"])
async def test_private_addresses(sending: Api, host: Host, url: str) -> None:
    """Nothing leaves for an address that this process was not allowed; that is on record as an attempt."""
    answer = await send(sending, host.endpoint(url))

    assert (answer.json["http_status"], answer.json["error_class"]) == (None, "blocked_address")
    assert [(row["state"], row["error_class"]) for row in on_record(host)] == [("dead", "blocked_address")]


async def test_while_receivers_hang(sending: Api, host: Host, receiver: Receiver) -> None:
    """As many as a clinic may have at once, which is more than there are connections: everybody else is served."""
    gate = Gate()
    receiver.default = gate.answer
    made = host.endpoint(receiver.url + "/", timeout_seconds=60)
    hanging = [asyncio.create_task(send(sending, made)) for _ in range(testing.MOST_OF_A_CLINIC)]
    await receiver.wait_for_count(len(hanging))

    one_more = await send(sending, made)
    me = await sending.ask("GET", f"{API}/me", key=sending.make_key("owner", CLINIC))
    outcomes = {row["outcome"] for row in on_record(host)}
    done = [task.done() for task in hanging]
    gate.opened.set()
    answers = await asyncio.gather(*hanging)

    assert me.status == 200
    assert one_more.refusal == (503, "unavailable")
    assert not any(done)
    assert outcomes == {"lost"}  # as long as nobody knows better
    assert [answer.json["http_status"] for answer in answers] == [204] * len(hanging)
    assert (await send(sending, made)).status == 200  # there are places again


async def test_a_receiver_that_never_answers(sending: Api, host: Host, certificates: tuple[trustme.CA, Path]) -> None:
    """The endpoint's own deadline ends it."""
    async with serve_raw(never_answers, server_tls(certificates[0], HOST)) as port:
        answer = await send(sending, host.endpoint(f"https://{HOST}:{port}/", timeout_seconds=1))

    assert (answer.status, answer.json["error_class"]) == (200, "timeout")
    assert answer.json["duration_ms"] >= 1000


def withdrawn(host: Host) -> list[tuple[object, ...]]:
    """What stands on record of tests that were not sent."""
    return [(row["state"], row["reason"], row["attempt_count"], row["outcome"]) for row in on_record(host)]


async def test_what_cannot_leave(sending: Api, host: Host) -> None:
    """Out of descriptors, say: no attempt was made, and the delivery says so."""

    async def fails(_: Request) -> SendResult:
        raise LocalFailure("OSError: EMFILE")

    assert sending.deps.sender is not None
    made = host.endpoint("https://clinic.example/")
    async with serve_api(host.url, sender=replace(sending.deps.sender, send=fails)) as api:
        answer = await send(api, made)

    assert answer.refusal == (503, "unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert [seen.reason for seen in api.seen.of(EndpointNotTested)] == ["OSError: EMFILE"]
    assert withdrawn(host) == [("cancelled", "a test that was not sent", 0, None)]


async def test_too_late(sending: Api, host: Host, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stood still since it looked may have missed that a key was revoked: it sends nothing."""
    made = host.endpoint(receiver.url + "/")
    monkeypatch.setattr(testing, "LONGEST_WAIT_SECONDS", -1.0)  # as much has gone by, whatever the machine

    answer = await send(sending, made)

    assert answer.refusal == (503, "unavailable")
    assert receiver.received == []
    assert withdrawn(host) == [("cancelled", "a test that was not sent", 0, None)]


async def asked_for(running: DispatcherProcess, key: str, number: int) -> aiohttp.ClientResponse:
    """Ask a process of `serve` for a test; returns the answer, read."""
    (started,) = await running.logged("admin.started")
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{started['port']}{API}/test",
            json={"endpoint_id": number},
            headers={"Authorization": f"Bearer {key}"},
        ) as answer,
    ):
        await answer.read()
        return answer


@pytest.fixture
def env(host: Host, certificates: tuple[trustme.CA, Path]) -> dict[str, str]:
    """The environment of a `serve` that sends tests."""
    return environment(host.url, certificates[1], admin_port="0", log_format="json")


async def test_killed_in_mid_flight(host: Host, receiver: Receiver, env: dict[str, str]) -> None:
    """The request arrived, and its answer is nowhere: the attempt stands as lost, and explain() says what is known."""
    gate = Gate()
    receiver.default = gate.answer
    made = host.endpoint(receiver.url + "/")
    key = cli("api-keys", "create", "--role", "owner", "--clinic", CLINIC, **{URL: host.url}).out.split()[-1]

    async with run_dispatcher(env, command="serve", program=PATIENT) as running:
        asking = asyncio.create_task(asked_for(running, key, made.id))
        await receiver.wait_for_count(1)
        running.signal(signal.SIGKILL)
        await running.exit_code()
    gate.opened.set()
    with pytest.raises(aiohttp.ClientError):
        await asking
    (row,) = on_record(host)
    (told,) = host.rows("select * from outbound_webhooks.explain(%s, %s)", receiver.received[0].webhook_id, made.id)

    assert (row["state"], row["reason"]) == ("dead", "a test whose answer was not recorded")
    assert (row["why"], row["outcome"]) == ("test", "lost")
    assert told["words"] == "given up after 1 attempt: a test whose answer was not recorded"


async def test_stopped_in_mid_flight(host: Host, receiver: Receiver, env: dict[str, str]) -> None:
    """SIGTERM: the receiver has the time that is left to answer, and the caller is told."""
    gate = Gate()
    receiver.default = gate.answer
    made = host.endpoint(receiver.url + "/")
    key = cli("api-keys", "create", "--role", "owner", "--clinic", CLINIC, **{URL: host.url}).out.split()[-1]

    async with run_dispatcher(env, command="serve", program=PATIENT) as running:
        asking = asyncio.create_task(asked_for(running, key, made.id))
        await receiver.wait_for_count(1)
        running.signal(signal.SIGTERM)
        gate.opened.set()
        answer = await asking
        code = await running.exit_code()

    assert (answer.status, code) == (200, 0)
    assert [(row["state"], row["outcome"]) for row in on_record(host)] == [("succeeded", "succeeded")]
    assert running.named("endpoint.tested")[0]["status"] == 204


async def says_no(_: web.Request) -> web.Response:
    """An error page."""
    return web.Response(status=500, text="no")


async def test_an_answer_that_the_database_refuses(sending: Api, host: Host, receiver: Receiver) -> None:
    """As a database in another encoding than UTF-8 may: it is told, and recorded without what the receiver wrote."""
    host.rows("alter table outbound_webhooks.attempts add constraint refused check (content_type is null)")
    receiver.default = says_no

    answer = await send(sending, host.endpoint(receiver.url + "/"))

    assert (answer.status, answer.json["http_status"], answer.json["response_excerpt"]) == (200, 500, "no")
    assert [(row["state"], row["http_status"], row["outcome"]) for row in on_record(host)] == [("dead", 500, "failed")]


async def test_an_operator_has_so_many(sending: Api, host: Host, receiver: Receiver) -> None:
    """Where no clinic is named it is who asks, however often they signed in."""
    made, key = host.endpoint(receiver.url + "/"), sending.make_key("operator")
    cookie = cookie_of(await Browser(sending).post("/ui/sign-in", {"key": key}))
    assert sending.deps.sender is not None
    sending.deps.sender.under_way["API key 1"] = testing.MOST_OF_A_CLINIC

    answer = await sending.ask("POST", f"{API}/test", cookie=cookie, body={"endpoint_id": made.id})

    assert answer.refusal == (503, "unavailable")
