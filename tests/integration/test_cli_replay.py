"""retry, replay, replays, replay-stop, replay-resume and cancel on the command line."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dispatcher.demo.receiver import Receiver
from tests.conftest import StartDispatcher
from tests.sql import steps
from tests.sql.replaying import replayed
from tests.support.cli import cli, refused
from tests.support.host import Host
from tests.support.process import ROOT, clean_environment

NO_DISPATCHER = (
    "outbound-webhooks: no dispatcher runs that could do it: it begins once one does (outbound-webhooks run)\n"
)


@pytest.fixture
def dead(host: Host) -> Host:
    """A host with five dead deliveries of endpoint 1."""
    steps.endpoint(host)
    steps.emit(host, 5)
    steps.end_all(host, steps.DEAD)
    return host


NOBODY = "delivery is off: no dispatcher runs with OUTBOUND_WEBHOOKS_ENABLED=true"


def test_retry(env: dict[str, str], dead: Host) -> None:
    """What comes of it, or why not and what to do."""
    done = cli("retry", "1", **env)
    dead.rows("select outbound_webhooks.pause_endpoint(1)")
    paused = cli("retry", "2", **env)

    assert (done.code, done.out) == (0, f"delivery 1: due, but not sent yet: {NOBODY}\n")
    assert refused(paused, "endpoint 1 of delivery 2 is paused", "Resume it: resume_endpoint(1)")
    assert refused(cli("retry", "4711", **env), "there is no delivery 4711", "delivery_log")
    assert steps.states(dead)[1] == "pending"


def test_dry_run(env: dict[str, str], dead: Host) -> None:
    """The count, and nothing else."""
    some = cli("replay", "--endpoint", "1", "--dry-run", **env)
    steps.endpoint(dead)
    owed = cli("replay", "--endpoint", "2", "--reevaluate", "--dry-run", **env)

    assert (some.code, some.out, some.err) == (0, "5 deliveries would be sent again\n", "")
    assert (owed.code, owed.out) == (0, "5 deliveries would be made\n")
    assert dead.rows("select id from outbound_webhooks.replays") == []


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("--clinic", "clinic-1"), 5),
        (("--type", "payment_transaction.*"), 5),
        (("--resource", "payment_transaction"), 5),
        (("--resource", "payment_transaction:1"), 5),
        (("--resource", "payment_transaction:2"), 0),
        (("--error-class", "timeout"), 0),
        (("--error-class", "http_status", "--since", "2026-01-01 09:00", "--until", "2126-01-01"), 5),
        (("--endpoint", "1", "--state", "succeeded"), 0),
        (("--endpoint", "1", "--state", "any"), 5),
    ],
)
def test_what_is_meant(env: dict[str, str], dead: Host, arguments: tuple[str, ...], count: int) -> None:
    """The options choose as the parameters of replay() do."""
    done = cli("replay", *arguments, "--dry-run", **env)

    assert done.out == f"{count} deliveries would be sent again\n"


async def test_followed_to_its_end(
    env: dict[str, str], dead: Host, receiver: Receiver, dispatcher: StartDispatcher
) -> None:
    """It shows how far it is, what it left, and ends when the replay does."""
    for _ in range(2):
        steps.endpoint(dead)
    steps.emit(dead)
    steps.end_all(dead, steps.DEAD)
    dead.rows("update outbound_webhooks.endpoints set url = %s", receiver.url + "/")
    dead.rows("select outbound_webhooks.pause_endpoint(2)")
    with watching(env, "--clinic", "clinic-1", "--rate", "2") as watcher:
        first_words(watcher, 8)
        told = [0]
        while told[-1] < 2:  # by hand, and not before it was told how far that is
            dead.rows("select * from outbound_webhooks.advance_replay(1, 1)")
            if (moved := int(str(replayed(dead, 1)["moved"]))) > told[-1]:
                assert watcher.stderr is not None
                told.append(moved)
                assert watcher.stderr.readline() == f"outbound-webhooks: {moved} of 8 deliveries\n"
        async with dispatcher():
            out, err = await asyncio.to_thread(watcher.communicate, timeout=60)
            await receiver.wait_for_count(7)

    assert watcher.returncode == 0
    assert out == (
        "replay 1: 8 deliveries, at up to 2 a second\n"
        "7 of 8 deliveries were made due\n"
        "1 were left as they are: endpoint paused\n"
    )
    progress = [re.fullmatch(r"outbound-webhooks: (\d) of 8 deliveries", line) for line in err.splitlines()]
    counts = [*told, *(int(line[1]) for line in progress if line)]
    assert len(counts) == len(told) + len(progress) > 2
    assert counts == sorted(counts)


def test_detached_listed_stopped_and_resumed(env: dict[str, str], dead: Host) -> None:
    """Without a dispatcher it says so, and waits for one; the list shows all of it."""
    none = cli("replays", **env)
    started = cli("replay", "--endpoint", "1", "--since", "2026-01-01", "--rate", "7", "--detach", **env)
    stopped = cli("replay-stop", "1", **env)
    listed = cli("replays", **env)
    resumed = cli("replay-resume", "1", **env)

    assert none.out == "there are no replays\n"
    assert (started.code, started.out, started.err) == (
        0, "replay 1: 5 deliveries, at up to 7 a second\n", NO_DISPATCHER,
    )  # fmt: skip
    assert stopped.out == "replay 1 is stopped: outbound-webhooks replay-resume 1 goes on with it\n"
    assert re.split(r"  +", listed.out.splitlines()[0]) == [
        "id", "kind", "state", "moved", "skipped", "rate", "started", "by", "which",
    ]  # fmt: skip
    row = re.split(r"  +", listed.out.splitlines()[1])
    assert row[:6] == ["1", "replay", "stopped", "0 of 5", "0", "7"]
    assert row[7] == "postgres"
    assert set(row[8].split(", ")) == {
        "endpoint 1", "clinic clinic-1", "state dead", "since 2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    assert resumed.out == "replay 1 goes on: outbound-webhooks replays shows how far it is\n"
    assert replayed(dead, 1)["state"] == "running"


def test_stopped_while_it_is_watched(env: dict[str, str], dead: Host) -> None:
    """Who watches is told, and how to go on; exit code 1."""
    with watching(env) as watcher:
        first_words(watcher)
        dead.rows("select outbound_webhooks.stop_replay(1)")
        out, _ = watcher.communicate(timeout=60)

    assert watcher.returncode == 1
    assert out.splitlines() == [
        "replay 1: 5 deliveries, at up to 100 a second",
        "0 of 5 deliveries were made due",
        "the replay was stopped: outbound-webhooks replay-resume 1 goes on with it",
    ]


def test_interrupted(env: dict[str, str], dead: Host) -> None:
    """Ctrl-C ends the watching, not the replay, and says how to stop that."""
    with watching(env) as watcher:
        first_words(watcher)
        watcher.send_signal(signal.SIGINT)
        _, err = watcher.communicate(timeout=60)

    assert watcher.returncode == 130
    assert err == (
        "outbound-webhooks: replay 1 goes on without being watched; to stop it: outbound-webhooks replay-stop 1\n"
    )
    assert replayed(dead, 1)["state"] == "running"


@contextmanager
def watching(env: dict[str, str], *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """A replay (of endpoint 1) that is watched as from a terminal: not as a shell's command in the background."""
    with subprocess.Popen(
        [sys.executable, "-m", "dispatcher", "replay", *(arguments or ("--endpoint", "1"))],
        cwd=ROOT, env=clean_environment(**env), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=_heed_interrupts,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def first_words(watcher: "subprocess.Popen[str]", deliveries: int = 5) -> None:
    """Wait until it has told how far the replay is."""
    assert watcher.stderr is not None
    assert watcher.stderr.readline() == NO_DISPATCHER
    assert watcher.stderr.readline() == f"outbound-webhooks: 0 of {deliveries} deliveries\n"


def test_cancel(env: dict[str, str], host: Host) -> None:
    """How many, with the reason; what is in flight is counted and left alone."""
    steps.endpoint(host)
    steps.emit(host, 4)
    steps.claim(host, steps.register(host), limit=1)
    dry = cli("cancel", "--endpoint", "1", "--dry-run", **env)
    parked = cli("cancel", "--endpoint", "1", "--state", "parked", **env)
    done = cli("cancel", "--endpoint", "1", "--reason", "sent by hand", **env)

    assert dry.out == "3 deliveries would be cancelled\n1 are in flight, and would be left alone\n"
    assert parked.out == "0 deliveries were cancelled\n"
    assert done.out == "3 deliveries were cancelled\n1 are in flight, and were left alone\n"
    assert host.value("select count(*) from outbound_webhooks.finished_deliveries where reason = 'sent by hand'") == 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("replay",), "nothing is chosen: name an endpoint, a clinic, an event type, a time"),
        (("cancel", "--state", "parked"), "nothing is chosen"),
        (("replay", "--endpoint", "4711"), "there is no endpoint 4711"),
        (("replay", "--since", "teatime"), "invalid input syntax"),
        (("replay", "--resource", ":4711"), "a resource id needs its resource"),
        (("replay", "--endpoint", "1", "--rate", "20000"), "the rate of a replay is 1 to 10000"),
        (("replay", "--endpoint", "1", "--reevaluate", "--state", "any"), "--reevaluate is about events"),
        (("replay", "--endpoint", "1", "--state", "pending"), "invalid choice: 'pending'"),
        (("replay-stop", "4711"), "there is no replay 4711"),
        (("replay-resume", "4711"), "there is no replay 4711"),
        (("retry", "first"), "first is not a number from 1 on"),
    ],
)
def test_refused(env: dict[str, str], dead: Host, arguments: tuple[str, ...], text: str) -> None:
    """What cannot be meant is said, with what to do, and changes nothing."""
    assert refused(cli(*arguments, **env), text)
    assert dead.rows("select id from outbound_webhooks.replays") == []
    assert set(steps.states(dead).values()) == {"dead"}


def test_nothing_to_replay(env: dict[str, str], dead: Host) -> None:
    """Said, and no replay is left behind."""
    done = cli("replay", "--clinic", "clinic-2", **env)

    assert (done.code, done.out) == (0, "there is nothing to replay\n")
    assert dead.rows("select id from outbound_webhooks.replays") == []
