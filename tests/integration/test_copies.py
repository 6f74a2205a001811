"""A copy of the database keeps silent until it is armed, and a failover goes on: on real servers."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import trustme
from pydantic import SecretStr

from dispatcher.demo import embedded
from dispatcher.demo.embedded import Server
from dispatcher.demo.receiver import Receiver
from dispatcher.migrate import migrate
from dispatcher.telemetry.observations import AttemptFinished, Disarmed, DispatcherStopped
from tests.conftest import StartDispatcher
from tests.sql.steps import Session
from tests.sql.test_fence import FROZEN
from tests.support import postgres
from tests.support.cli import URL, cli, refused
from tests.support.copies import either_url, physical_copy, restore
from tests.support.host import ENVIRONMENT, Host
from tests.support.process import run_dispatcher
from tests.support.seen import Seen
from tests.support.settings import environment

DATABASE = "clinics"
WAITING = 3
SETTINGS = {**embedded.THROWAWAY, **postgres.SETTINGS}
ARMED = f"database {DATABASE} is armed for staging: only its dispatchers send from here"


@dataclass(frozen=True)
class Original:
    """A server with a database that is armed and in use: somebody delivers, and some deliveries wait."""

    server: Server
    host: Host


@pytest.fixture(scope="module")
def programs(request: pytest.FixtureRequest) -> Path:
    """Of the PostgreSQL that the tests run on; where that is no folder of programs, of the embedded one."""
    choice = request.config.getoption("--pg") or None
    return postgres._programs(None if choice == "docker" else choice)[0]


@pytest.fixture
def original(programs: Path, receiver: Receiver) -> Iterator[Original]:
    """See Original."""
    with embedded.run(programs, SETTINGS) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"create database {DATABASE}".encode())
        migrate(server.url(DATABASE))
        with closing(Host(server.url(DATABASE))) as host:
            host.allow_internal_urls()
            host.endpoint(receiver.url + "/")
            host.rows("update outbound_webhooks.settings set delivering = true, delivering_since = now()")
            for _ in range(WAITING):
                host.pay()
            yield Original(server, host)


@dataclass(frozen=True)
class Refused:
    """How a dispatcher that ran was refused."""

    error: psycopg.Error
    seen: Seen


Happens = Callable[[Seen], Awaitable[None]]


def dumped(original: Original, opened: ExitStack) -> Server:
    """The restore of a dump, on another server."""
    target = opened.enter_context(embedded.run(original.server.programs, SETTINGS))
    restore(original.server, DATABASE, target)
    return target


def cloned(original: Original, opened: ExitStack) -> Server:
    """A copy of the files, started beside its original, as from a snapshot."""
    return opened.enter_context(physical_copy(original.server, SETTINGS))


def promoted(original: Original, opened: ExitStack) -> Server:
    """A standby that is promoted while its original goes on."""
    standby = opened.enter_context(physical_copy(original.server, SETTINGS, standby=True))
    promote(standby)
    return standby


def promote(standby: Server) -> None:
    """Make a standby a primary; returns when it is one."""
    with psycopg.connect(standby.url(), autocommit=True) as connection:
        assert connection.execute("select pg_promote()").fetchone() == (True,)


def arrived(receiver: Receiver) -> list[str]:
    """The payments that the receiver was told of, in order."""
    return [json.loads(request.body)["data"]["id"] for request in receiver.received]


async def refusal(env: dict[str, str], *options: str) -> str:
    """Start a dispatcher that cannot start: its exit code is 2; returns what it says."""
    async with run_dispatcher(env, *options) as running:
        assert await running.exit_code() == 2
    return "\n".join(str(line["text"]) for line in running.named("text"))


@pytest.mark.parametrize("copy", [dumped, cloned, promoted], ids=lambda copy: copy.__name__)
async def test_a_copy_keeps_silent_until_it_is_armed(
    original: Original,
    receiver: Receiver,
    certificates: tuple[trustme.CA, Path],
    copy: Callable[[Original, ExitStack], Server],
) -> None:
    """No dispatcher starts on it, and each says what to do; armed, it sends what is paid there, and nothing else."""
    with ExitStack() as opened:
        env = environment(copy(original, opened).url(DATABASE), certificates[1], environment="staging")
        told = await refusal(env)
        several = await refusal(env, "--workers", "2")
        undecided = cli("arm", **env)
        silent = not receiver.received
        done = cli("arm", "--cancel-backlog", **env)
        again = cli("arm", **env)
        with closing(Session(env[URL])) as session:
            payment = session.pay()
            async with run_dispatcher(env) as running:
                await running.logged("attempt.succeeded")
                running.signal(signal.SIGTERM)
                code = await running.exit_code()
            states = session.rows(
                "select state, count(*) as n from outbound_webhooks.delivery_log group by 1 order by 1"
            )

    assert "nothing is sent from this database: it " in told
    assert "Traceback" not in told
    assert told.endswith("its endpoints are to be called from here: outbound-webhooks arm")
    assert "nothing is sent from this database: it " in several
    assert refused(undecided, f"and would be sent from here: {WAITING}", "--keep-backlog or --cancel-backlog")
    assert silent
    assert (done.code, done.out.splitlines()) == (0, [ARMED, f"{WAITING} deliveries that waited are cancelled"])
    assert (again.code, again.out) == (0, f"database {DATABASE} is armed for staging already\n")
    assert code == 0
    assert arrived(receiver) == [str(payment)]
    assert states == [{"state": "cancelled", "n": WAITING}, {"state": "succeeded", "n": 1}]


async def test_what_came_with_a_copy_is_wanted(
    original: Original, receiver: Receiver, certificates: tuple[trustme.CA, Path]
) -> None:
    """Kept, it is a backlog, and drained by the dispatcher that starts."""
    with physical_copy(original.server, SETTINGS) as copy:
        env = environment(copy.url(DATABASE), certificates[1], environment="staging")
        done = cli("arm", "--keep-backlog", **env)
        async with run_dispatcher(env) as running:
            (turned_on,) = await running.logged("delivery.turned_on")
            await running.logged("attempt.succeeded", WAITING)

    assert done.out.splitlines() == [
        ARMED,
        f"{WAITING} deliveries wait: a dispatcher that starts does with them as OUTBOUND_WEBHOOKS_BACKLOG says",
    ]
    assert turned_on["deliveries"] == WAITING
    assert len(receiver.received) == WAITING


async def test_a_dump_is_found_out_by_its_server(
    original: Original, receiver: Receiver, certificates: tuple[trustme.CA, Path]
) -> None:
    """Also if the dispatcher says that it is where the original is; a physical copy can be told by that alone."""
    with ExitStack() as opened:
        told = await refusal(environment(dumped(original, opened).url(DATABASE), certificates[1]))

    assert f"it was armed as database {DATABASE} of another server (system identifier " in told
    assert receiver.received == []


def flushed(primary: Host) -> object:
    """The position up to which everything that committed so far is in the write-ahead log, for standbys, too."""
    primary.rows("set synchronous_commit = on")
    primary.rows("select pg_logical_emit_message(true, 'a test', '')")
    return primary.value("select pg_current_wal_flush_lsn()::text")


def replayed(standby: Server, position: object) -> bool:
    """Whether a standby has everything up to a position of the write-ahead log."""
    with psycopg.connect(standby.url(), autocommit=True) as connection:
        row = connection.execute("select pg_last_wal_replay_lsn() >= %s", (position,)).fetchone()
    return row == (True,)


async def until(condition: Callable[[], object]) -> None:
    """Wait for what nothing tells of."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.05)


async def test_a_failover_is_no_copy(original: Original, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """The primary dies and its standby is promoted: the running dispatcher goes on, and delivers what is paid there."""
    with physical_copy(original.server, SETTINGS, standby=True) as standby:
        url = SecretStr(either_url(original.server, standby, DATABASE))
        async with dispatcher(database_url=url) as seen:
            await seen.count(AttemptFinished, WAITING)
            position = flushed(original.host)
            await until(lambda: replayed(standby, position))
            os.kill(original.server.pid, signal.SIGQUIT)
            promote(standby)
            with closing(Session(standby.url(DATABASE))) as session:
                promoted_at = session.value("select clock_timestamp()")
                payment = session.pay()
                await receiver.wait_for_count(WAITING + 1)
                heartbeat = "select count(*) from outbound_webhooks.dispatchers where heartbeat_at > %s"
                await until(lambda: session.value(heartbeat, promoted_at))

    assert arrived(receiver)[-1] == str(payment)
    assert seen.of(Disarmed) == []


async def refused_while_running(dispatcher: StartDispatcher, happens: Happens, **changes: object) -> Refused:
    """Run a dispatcher in which something happens, until it ends because of that; returns why, and what it observed."""
    kept: list[Seen] = []

    async def run() -> None:
        async with dispatcher(**changes) as seen:
            kept.append(seen)
            await happens(seen)
            await seen.count(Disarmed)

    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as caught:
        await run()
    return Refused(caught.value, kept[0])


async def test_another_database_answers(original: Original, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """The primary dies, and a restored dump, in which the dispatcher is registered, takes its place: the dispatcher
    sends nothing of it, and ends, saying why.
    """
    with embedded.run(original.server.programs, SETTINGS) as copy:

        async def happens(seen: Seen) -> None:
            await seen.count(AttemptFinished, WAITING)
            restore(original.server, DATABASE, copy)
            with closing(Session(copy.url(DATABASE))) as session:
                session.pay()
            os.kill(original.server.pid, signal.SIGQUIT)

        url = SecretStr(either_url(original.server, copy, DATABASE))
        refused = await refused_while_running(dispatcher, happens, database_url=url)
    (disarmed,) = refused.seen.of(Disarmed)

    assert "of another server" in disarmed.reason
    assert disarmed.reason.startswith(str(refused.error.diag.message_primary))
    assert len(receiver.received) == WAITING


async def test_armed_for_another_environment_while_it_runs(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher
) -> None:
    """A dispatcher that was frozen meanwhile sends nothing more, and ends in good order with what to do."""
    host.endpoint(receiver.url + "/")

    async def happens(_: Seen) -> None:
        with host.connection.transaction():
            host.rows(FROZEN)
            host.rows("select outbound_webhooks.arm('production')")
        host.pay()

    refused = await refused_while_running(dispatcher, happens)

    assert f"it is armed for the environment production, and not for {ENVIRONMENT}" in str(refused.error)
    assert str(refused.error.diag.message_hint).endswith("outbound-webhooks arm")
    assert len(refused.seen.of(DispatcherStopped)) == 1
    assert receiver.received == []
