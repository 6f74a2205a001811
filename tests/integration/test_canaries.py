"""Secrets of every kind are planted, and everything is driven: none of them is in any log, metric, audit or output.

All logs are at their most talkative: ours at DEBUG, PostgreSQL's with every statement and its parameters. What a test
would have to write into a statement is made inside of the database, as the server logs that statement, too.
"""

import asyncio
import base64
import http.client
import json
import secrets
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from dispatcher.demo.receiver import Receiver
from tests.integration.test_crash import Gate
from tests.support import postgres
from tests.support.canaries import Canaries
from tests.support.cli import URL
from tests.support.host import CLINIC, Host
from tests.support.ops import free_port
from tests.support.process import DispatcherProcess, run_dispatcher
from tests.support.server_log import ServerLog, talkative_server
from tests.support.settings import environment

MASTER_KEYS = "OUTBOUND_WEBHOOKS_MASTER_KEYS"
CREATE = """
    select * from outbound_webhooks.create_endpoint(
        %s, %s || '?token=' || md5(random()::text),
        p_timeout_seconds => %s, p_retry_schedule => %s::integer[]
    )
"""
SET_HEADER = """
    select outbound_webhooks.set_authorization(%s, 'bearer', null, md5(random()::text))
"""
HEADER = "select substr(value, 8) from outbound_webhooks.endpoint_headers where endpoint_id = %s"
PAY = (
    "insert into payment_transactions (clinic_id, currency) values (%s, md5(random()::text)) returning currency as text"
)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[postgres.TestServer]:
    """A server that logs everything, in the place of the run's."""
    with talkative_server(request.config.getoption("--pg") or None) as found:
        yield found


@pytest.fixture
def canaries() -> Canaries:
    """What is planted, and what was written."""
    return Canaries()


@pytest.fixture
def planted(database_url: str, certificates: tuple[trustme.CA, Path], canaries: Canaries) -> dict[str, str]:
    """The environment of a dispatcher and of commands: with a password in the database's URL, and two master keys."""
    password = canaries.plant("the database's password", secrets.token_hex(16))
    keys = [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2)]
    for number, key in enumerate(keys):
        canaries.plant(f"master key {number}", key.rstrip("="))
    url = database_url.replace("postgres@", f"postgres:{password}@")
    return environment(
        url, certificates[1], master_keys=f"old:{keys[0]},new:{keys[1]}", log_level="debug", ops_port=str(free_port())
    )


def create(host: Host, canaries: Canaries, url: str, *, timeout: int = 20, schedule: str | None = "{0}") -> int:
    """An endpoint whose URL has a token in it, and its requests another one: these, and its key, are planted."""
    (row,) = host.rows(CREATE, CLINIC, url, timeout, schedule)
    made = str(host.value("select url from outbound_webhooks.endpoints where id = %s", row["endpoint_id"]))
    canaries.plant(f"the token of {url}", made.partition("?token=")[2])
    canaries.plant(f"the key of {url}", str(row["secret"])[6:])
    host.rows(SET_HEADER, row["endpoint_id"])
    canaries.plant(f"the header of {url}", str(host.value(HEADER, row["endpoint_id"])))
    return int(str(row["endpoint_id"]))


def pay(host: Host, canaries: Canaries) -> str:
    """A payment with something in its body that is planted; returns it."""
    return canaries.plant("a body", str(host.value(PAY, CLINIC)))


async def cut(request: web.Request) -> web.Response:
    """Close the connection instead of an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def moved(_: web.Request) -> web.Response:
    """Answer with a redirect, as good as any URL."""
    return web.Response(status=302, headers={"location": "https://clinic.example/"}, text="moved")


async def later(_: web.Request) -> web.Response:
    """Ask for less."""
    return web.Response(status=429, headers={"retry-after": "1"})


def endpoints_in_trouble(host: Host, canaries: Canaries, receiver: Receiver) -> int:
    """An endpoint for each way to fail, and one that hangs; returns how many attempts end."""
    receiver.answers.update(
        {"/error": [500] * 99, "/gone": [410], "/moved": [moved], "/later": [later], "/cut": [cut] * 99}
    )
    port = receiver.url.rpartition(":")[2]
    elsewhere = [
        f"https://localhost:{free_port()}/refused",
        f"https://127.0.0.1:{port}/another-name",
        "https://10.0.0.1/private",
        "https://no-such-host.invalid/",
    ]
    urls = [receiver.url + path for path in ("/ok", "/error", "/gone", "/moved", "/later", "/cut")] + elsewhere
    for url in urls:
        create(host, canaries, url)
    return len(urls)


async def metrics(env: dict[str, str]) -> str:
    """What the dispatcher exposes."""

    def ask() -> str:
        with closing(http.client.HTTPConnection("127.0.0.1", int(env["OUTBOUND_WEBHOOKS_OPS_PORT"]), timeout=30)) as c:
            c.request("GET", "/metrics")
            return c.getresponse().read().decode()

    return await asyncio.to_thread(ask)


def told(process: DispatcherProcess) -> str:
    """All that a process wrote, as text."""
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in process.lines)


async def test_a_dispatcher(
    host: Host, receiver: Receiver, planted: dict[str, str], canaries: Canaries, database_url: str
) -> None:
    """Success, every kind of failure, a key that does not open, lost connections, kill -9, a takeover, a stop."""
    gate = Gate()
    receiver.answers["/hang"] = [gate.answer]
    ending = endpoints_in_trouble(host, canaries, receiver)
    create(host, canaries, receiver.url + "/hang", timeout=60)
    locked = create(host, canaries, receiver.url + "/locked")

    async with run_dispatcher({**planted, "OUTBOUND_WEBHOOKS_LOG_FORMAT": "json"}) as first:
        await first.logged("secrets.sealed")
        host.rows(
            "update outbound_webhooks.endpoint_secrets set sealed = overlay(sealed placing 'AAAA' from 20)"
            " where endpoint_id = %s",
            locked,
        )
        body = pay(host, canaries)
        await first.logged("delivery.released")
        await first.until(lambda _: len(first.named("attempt.succeeded") + first.named("attempt.failed")) >= ending)
        await receiver.wait_for(lambda found: bool(found.at("/hang")))
        host.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name ~ '^outbound-webhooks'"
        )
        await first.until(lambda _: any(not line["listening"] for line in first.named("listen.changed")))
        canaries.write("/metrics", await metrics(planted))
        first.signal(signal.SIGKILL)
    gate.opened.set()
    host.rows("update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '1 minute'")
    async with run_dispatcher({**planted, "OUTBOUND_WEBHOOKS_LOG_FORMAT": "console"}) as second:
        await second.until(lambda line: "leases.freed" in str(line))
        pay(host, canaries)
        await receiver.wait_for(lambda found: len(found.at("/ok")) == 2)
        canaries.write("/metrics", await metrics(planted))
        second.signal(signal.SIGTERM)
        await second.exit_code()

    canaries.write("the first dispatcher's log", told(first))
    canaries.write("the second dispatcher's log", told(second))
    canaries.write("audit_log", str(host.rows("select * from outbound_webhooks.audit_log")))
    with closing(ServerLog(database_url)) as log:
        canaries.write("the server's log", log.read())

    assert body.encode() in receiver.at("/ok")[0].body
    assert receiver.at("/ok")[0].headers["authorization"][7:] in canaries.planted.values()
    assert {line.get("error") for line in first.named("attempt.failed")} >= {
        "connect", "http_status", "tls", "blocked_address"
    }  # fmt: skip
    assert "record_attempts" in canaries.written["the server's log"]
    assert canaries.found() == []


def commands(event: object, delivery: object) -> list[tuple[str, ...]]:
    """What an operator runs; endpoint 1 is there."""
    return [
        ("doctor",), ("doctor", "--json"), ("endpoints",), ("secrets", "1"), ("headers", "list", "1"), ("switches",),
        ("explain", str(event)), ("explain", str(event), "1"),
        ("explain", "--source", "payment_transactions", "--key", "1"),
        ("retry", str(delivery)), ("replay", "--endpoint", "1", "--state", "any", "--dry-run"), ("replays",),
        ("replay", "--endpoint", "1", "--state", "any", "--detach"),
        ("cancel", "--endpoint", "1", "--dry-run"), ("recapture", "--all"), ("retention", "--dry-run"),
        ("pause", "1", "--reason", "a test"), ("resume", "1"), ("revoke-secret", "1"), ("revoke-secret", "4711"),
        ("rotate-master-key", "--dry-run"), ("rotate-master-key",), ("arm",), ("retire", "1"), ("migrate",),
    ]  # fmt: skip


@pytest.mark.timeout(900)  # forty programs, one after the other: the limit of a run is too near on a slow machine
def test_commands(host: Host, planted: dict[str, str], canaries: Canaries, database_url: str) -> None:
    """Every command about endpoints and deliveries, with settings that are right, and with ones that are not."""
    create(host, canaries, "https://clinic.example/hooks", schedule=None)
    pay(host, canaries)
    (waiting,) = host.rows("select id, event_id from outbound_webhooks.deliveries")
    old, new = planted[MASTER_KEYS].split(",")

    canaries.command(planted, "create-endpoint", CLINIC, "https://clinic.example/", shows_a_key=True)
    canaries.command(planted, "rotate-secret", "1", shows_a_key=True)
    codes = {
        " ".join(arguments): canaries.command({**planted, MASTER_KEYS: f"{new},{old}"}, *arguments).code
        for arguments in commands(waiting["event_id"], waiting["id"])
    }
    for name, value in bad_settings(planted).items():
        codes[name] = canaries.command({**planted, **value}, "doctor").code
    key = canaries.plant("a key in the wrong place", secrets.token_urlsafe(32))
    canaries.command(planted, "rotate-secret", f"whsec_{key}")
    canaries.write("audit_log", str(host.rows("select * from outbound_webhooks.audit_log")))
    with closing(ServerLog(database_url)) as log:
        canaries.write("the server's log", log.read())

    assert [name for name, code in codes.items() if code not in (0, 1, 2)] == []
    assert [codes[name] for name in ("endpoints", "rotate-master-key", "retire 1")] == [0, 0, 0]
    assert {codes[name] for name in bad_settings(planted)} == {2}
    assert "retire_endpoint" in canaries.written["the server's log"]
    assert canaries.found() == []


def bad_settings(env: dict[str, str]) -> dict[str, dict[str, str]]:
    """Settings with a secret in them that cannot be used, by what is wrong."""
    url, keys = env[URL], env[MASTER_KEYS]
    return {
        "a URL with another scheme": {URL: url.replace("postgresql:", "mysql:")},
        "a password with an @": {URL: url.replace("@", "@@", 1)},
        "a URL without a scheme": {URL: url.partition("://")[2]},
        "a server that is not there": {URL: url.partition("@")[0] + f"@127.0.0.1:{free_port()}/nothing"},
        "master keys without ids": {MASTER_KEYS: keys.replace("old:", "").replace("new:", "")},
        "a master key that was cut": {MASTER_KEYS: keys[:-1]},
        "a master key in the place of a number": {"OUTBOUND_WEBHOOKS_CONCURRENCY": keys},
        "a master key in the place of a file": {"OUTBOUND_WEBHOOKS_CA_FILE": keys.partition(":")[2]},
    }
