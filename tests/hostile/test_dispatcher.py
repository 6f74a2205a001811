"""All of them at once, against a dispatcher as operators run it: what it records, what it costs, and whom it costs."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import trustme

from dispatcher.core.model import Note
from dispatcher.demo.receiver import Receiver
from tests.hostile.behaviours import compressed
from tests.hostile.names import HANGING
from tests.hostile.receivers import RECEIVERS, Hostile
from tests.hostile.serving import serve_all
from tests.support.host import Host
from tests.support.polling import holds
from tests.support.process import ROOT, run_dispatcher

ROUNDS = 3  # of every receiver
RETRY_AFTER = 3600
HANGING_NAMES, HANGING_SECONDS = 100, 2
GROWTH = 50 * 1024  # KB
HEALTHY = "healthy"

RECORDED = """
select e.url, a.http_status, a.error_class, a.note, a.outcome, a.response_excerpt is not null as excerpt,
    d.failure_count, d.next_attempt_at - a.recorded_at between make_interval(secs => %s - 5)
        and make_interval(secs => %s * 1.1 + 5) as by_schedule
from outbound_webhooks.attempts as a
join outbound_webhooks.endpoints as e on e.id = a.endpoint_id
left join outbound_webhooks.deliveries as d on d.id = a.delivery_id
where e.clinic_id <> %s
"""


def memory(pid: int, kind: str) -> int:
    """VmRSS (now) or VmHWM (at most so far) of a process, in KB."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(kind + ":")]
    return int(line.split()[1])


def descriptors(pid: int, host: Host) -> int:
    """How many a process has open, its connections to the database left out: its pool grows when it is busy."""
    before, found = to_database(host), []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed by now
            found.append(str(descriptor.readlink()))
    database = before | to_database(host)  # one may have been opened meanwhile, or closed
    return sum(name not in database for name in found)


def to_database(host: Host) -> set[str]:
    """The sockets of this machine that lead to the database, by the kernel's names of them."""
    server = host.connection.info
    if server.host.startswith("/"):  # and nothing else is of that kind
        return {f"socket:[{line.split()[6]}]" for line in Path("/proc/net/unix").read_text().splitlines()[1:]}
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()]
    return {f"socket:[{line[9]}]" for line in lines if line[2].endswith(f":{server.port:04X}")}


async def pay_until(host: Host, receiver: Receiver, done: asyncio.Event) -> int:
    """Pay as the healthy clinic, each payment once the one before arrived, until told; returns how many."""
    paid = 0
    while not done.is_set():
        host.pay(HEALTHY)
        paid += 1
        await receiver.wait_for_count(paid + 1)
    return paid


def at_this(env: dict[str, str]) -> dict[str, str]:
    """Names are asked of the tests' own name service; 100 requests at once, as each takes 300 KB for TLS alone."""
    path = os.pathsep.join((str(ROOT / "tests" / "hostile" / "names_hook"), str(ROOT)))
    return {**env, "OUTBOUND_WEBHOOKS_CONCURRENCY": "100", "PYTHONPATH": path}


def clinic(number: int) -> str:
    """A few endpoints for each hostile clinic, as a clinic may have 50."""
    return f"hostile-{number % 10}"


def expected(receivers: Mapping[str, Hostile]) -> dict[str, tuple[object, ...]]:
    """By URL: status, class, note, and whether it succeeds."""
    rows = {
        url: (row.status, None if row.succeeds else row.error or "http_status", row.note, row.succeeds)
        for url, row in receivers.items()
    }
    hanging = {f"https://n{n}{HANGING}/": (None, "dns", None, False) for n in range(HANGING_NAMES)}
    return {**rows, **hanging, "https://private.test/": (None, "blocked_address", None, False)}


def but_sent_again(note: object) -> str | None:
    """Who ends a connection after its answer may do so when it has the next request already, or before."""
    return ", ".join(one for one in str(note or "").split(", ") if one != Note.SENT_AGAIN) or None


def made(host: Host) -> object:
    """How many attempts at the hostile clinics' endpoints are recorded."""
    return host.value("select count(*) from outbound_webhooks.attempts where clinic_id <> %s", HEALTHY)


async def test_everybody_at_once(
    host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path], env: dict[str, str], tmp_path: Path
) -> None:
    """Each is recorded, charged and due by its schedule; memory and descriptors are bounded; others are served."""
    host.endpoint(receiver.url + "/", clinic=HEALTHY)
    compressed()  # now, as it takes a second
    async with (
        serve_all(RECEIVERS, certificates[0], tmp_path) as urls,
        run_dispatcher(at_this(env)) as dispatcher,
    ):
        wanted = expected(urls)
        for number, url in enumerate(wanted):
            timeout = urls[url].timeout if url in urls else HANGING_SECONDS
            host.endpoint(url, clinic=clinic(number), timeout_seconds=timeout, retry_schedule=[0, RETRY_AFTER])
        await dispatcher.logged("dispatcher.started")
        opened = descriptors(dispatcher.pid, host)
        host.pay(HEALTHY)
        await receiver.wait_for_count(1)
        rss = memory(dispatcher.pid, "VmRSS")

        done = asyncio.Event()
        healthy = asyncio.create_task(pay_until(host, receiver, done))
        for _ in range(ROUNDS):
            for number in range(10):
                host.pay(clinic(number))
        await holds(lambda: made(host) == len(wanted) * ROUNDS, timeout=600)
        done.set()
        paid = await healthy
        peak = memory(dispatcher.pid, "VmHWM")
        await holds(lambda: descriptors(dispatcher.pid, host) == opened)  # idle connections go after a few seconds
    recorded = host.rows(RECORDED, RETRY_AFTER, RETRY_AFTER, HEALTHY)

    found = {
        row["url"]: (row["http_status"], row["error_class"], but_sent_again(row["note"]), row["outcome"] == "succeeded")
        for row in recorded
    }
    failed = [row for row in recorded if row["outcome"] == "failed"]
    print(f"RSS +{(peak - rss) / 1024:.1f} MB, {paid} payments of another clinic, {len(recorded)} hostile attempts")

    assert found == wanted
    assert len(recorded) == len(wanted) * ROUNDS
    assert {(row["failure_count"], row["by_schedule"]) for row in failed} == {(1, True)}
    assert not any(row["excerpt"] for row in recorded if row["outcome"] == "succeeded")
    assert len(receiver.received) == paid + 1
    assert peak - rss < GROWTH
    assert [line for line in dispatcher.lines if line["event"] == "text" or "exception" in line] == []
    assert {line["level"] for line in dispatcher.lines} <= {"info", "warning"}
