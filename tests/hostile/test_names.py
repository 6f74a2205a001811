"""The name service as an enemy: names that hang, change, or lead into the private network."""

import asyncio
import ipaddress
import itertools
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from dispatcher.core.model import ErrorClass
from dispatcher.egress import client, lookups
from dispatcher.egress.client import Send, open_egress
from dispatcher.egress.errors import LocalFailure
from dispatcher.egress.lookups import Lookups
from dispatcher.egress.resolver import ADDRESSES_OF_A_FAMILY, GuardedResolver
from tests.hostile.conftest import LOOPBACK, request
from tests.hostile.names import HANGING, PUBLIC, Names
from tests.support.raw import never_answers, serve_raw, server_tls, writes

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def test_healthy_names_beside_a_hundred_that_hang(
    send: Send, names: Names, certificates: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the threads of 100 names hang, a name that was never asked for is found, and requests to it are made.

    Who asks for one that hangs waits half of its time for it.
    """
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 60)  # so that they hang for as long as this takes
    urls = [f"https://n{n}{HANGING}/" for n in range(100)]
    async with serve_raw(writes(OK), server_tls(certificates[0], "healthy.test")) as port, asyncio.timeout(60):
        hanging = [asyncio.ensure_future(send(request(url, timeout=120))) for url in urls]
        await asyncio.to_thread(names.until_hanging, 100)
        healthy = [await send(request(f"https://healthy.test:{port}/")) for _ in range(10)]
        results = await asyncio.gather(*(send(request(url, timeout=2)) for url in urls))
        still_hanging = [task for task in hanging if not task.done()]
        for task in hanging:
            task.cancel()
        await asyncio.wait(hanging)

    assert [result.status for result in healthy] == [200] * 10
    assert len(still_hanging) == 100
    assert {result.error for result in results} == {ErrorClass.DNS}
    assert all(result.duration_ms >= 1000 for result in results)


async def test_a_name_that_hangs_while_this_process_stands_still(send: Send, names: Names) -> None:
    """Both of its times are over when the process goes on: what it had waited for is still the name."""
    asyncio.get_running_loop().call_later(0.1, time.sleep, 0.5)
    result = await send(request(f"https://a{HANGING}/", timeout=0.4))

    assert result.error is ErrorClass.DNS


async def test_names_that_answered_have_threads_of_their_own(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names hang, one that answered last time is found; one that nobody knows waits its time."""
    monkeypatch.setattr(lookups, "OTHER_THREADS", 4)
    monkeypatch.setattr(lookups, "ANSWERING_SECONDS", 3600)  # quick, however slow the machine is
    found = Lookups()
    try:
        await found.find("known.test", socket.AF_UNSPEC, 30)
        hanging = [asyncio.create_task(found.find(f"n{n}{HANGING}", 0, 30)) for n in range(20)]
        await asyncio.to_thread(names.until_hanging, 4)
        known = await asyncio.wait_for(found.find("known.test", socket.AF_UNSPEC, 30), 30)
        with pytest.raises(socket.gaierror):
            await found.find("unknown.test", socket.AF_UNSPEC, 0.05)
        names.released.set()
        unknown = await found.find("unknown.test", socket.AF_UNSPEC, 30)
        await asyncio.gather(*hanging)
    finally:
        found.close()

    assert known == unknown


async def test_a_name_that_hung_loses_its_thread(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answered, and then hangs, takes the threads of the others from then on."""
    monkeypatch.setattr(lookups, "ANSWERING_SECONDS", -1.0)  # every answer is late
    monkeypatch.setattr(lookups, "ANSWERING_THREADS", 0)  # who is given one of these waits for ever
    found = Lookups()
    try:
        found._answered["late.test"] = None
        with pytest.raises(socket.gaierror):
            await found.find("late.test", socket.AF_UNSPEC, 0.05)
        await found.find("other.test", socket.AF_UNSPEC, 30)
        await found.find("other.test", socket.AF_UNSPEC, 30)
    finally:
        found.close()


async def test_a_slow_name_gets_no_thread_of_its_own(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes a second each time, as a clinic's own name server may, stays among the others."""
    seconds = SimpleNamespace(monotonic=itertools.count().__next__)  # one between any two looks at the clock
    monkeypatch.setattr(lookups, "time", seconds)
    monkeypatch.setattr(lookups, "ANSWERING_THREADS", 0)  # who is given one of these waits for ever
    found = Lookups()
    try:
        first = await found.find("slow.test", socket.AF_UNSPEC, 30)
        again = await found.find("slow.test", socket.AF_UNSPEC, 30)
    finally:
        found.close()

    assert first == again


async def test_one_name_takes_one_thread(names: Names) -> None:
    """However many requests wait for one name, it is asked for once; all get the answer when it comes."""
    found = Lookups()
    try:
        waiting = [asyncio.create_task(found.find("a" + HANGING, 0, 30)) for _ in range(50)]
        await asyncio.wait_for(found.find("other.test", 0, 30), 30)
        waiting[0].cancel()
        names.released.set()
        answers = await asyncio.gather(*waiting[1:])
    finally:
        found.close()

    assert names.asked["a" + HANGING] == 1
    assert len(answers) == 49


async def test_who_gave_up_takes_no_thread(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that nobody waits for any more when its turn comes is not made; one that is asked for again is."""
    monkeypatch.setattr(lookups, "OTHER_THREADS", 1)
    found = Lookups()
    try:
        first = asyncio.create_task(found.find("a" + HANGING, 0, 30))
        await asyncio.sleep(0)
        await asyncio.to_thread(names.until_hanging, 1)
        for name in ("gone.test", "again.test"):
            with pytest.raises(socket.gaierror):
                await found.find(name, 0, 0.05)
        again = asyncio.create_task(found.find("again.test", 0, 30))
        await asyncio.sleep(0)
        names.released.set()
        await asyncio.gather(first, again)
    finally:
        found.close()

    assert names.asked["again.test"] == 1
    assert names.asked["gone.test"] == 0


async def test_out_of_memory_in_a_look_up(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is our own trouble, and it ends that look-up only: the name is asked for again."""

    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", no_memory)
        for _ in range(2):
            with pytest.raises(LocalFailure, match="ENOMEM"):
                await send(request("https://localhost:1/"))
    result = await send(request("https://localhost:1/"))

    assert result.error is ErrorClass.CONNECT


async def test_no_thread_for_who_comes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread finds nobody who waits, somebody comes, no thread can be started: who waits is told, and may ask again.

    Meanwhile the name was found in its other family, so its turn would be in the threads of names that answer.
    """

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    found = Lookups()
    lookup = lookups._Lookup("late.test", socket.AF_INET, asyncio.get_running_loop().create_future())
    found._under_way["late.test", socket.AF_INET] = lookup
    found._answered["late.test"] = None
    late = asyncio.create_task(found.find("late.test", socket.AF_INET, 30))
    await asyncio.sleep(0)
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    found._done(lookup, None, 0.0)

    with pytest.raises(OSError, match="no thread"):
        await late
    assert found._under_way == {}
    assert "late.test" not in found._answered  # the others' threads may have started


async def test_an_answer_among_whose_addresses_one_is_private(names: Names) -> None:
    """It refuses the name: nothing is connected to, not even the public one."""
    async with open_egress() as guarded:
        result = await guarded(request("https://private.test/"))

    assert result.error is ErrorClass.BLOCKED_ADDRESS
    with pytest.raises(OSError, match="private"):
        await GuardedResolver(()).resolve("private.test", 443)


async def test_rebinding(names: Names, certificates: tuple[trustme.CA, Path]) -> None:
    """A name is asked for once, and that answer is checked and connected to; the next connection's is checked anew."""
    connections: list[str] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append("127.0.0.2")
        await never_answers(reader, writer)

    allowed = (ipaddress.ip_network("127.0.0.1/32"),)
    tls = server_tls(certificates[0], "rebinds.test")
    async with (
        serve_raw(writes(OK), tls) as port,
        open_egress(allowed=allowed, ca_file=certificates[1]) as send,
        await asyncio.start_server(elsewhere, "127.0.0.2", port),
    ):
        first = await send(request(f"https://rebinds.test:{port}/"))
        asked = names.asked["rebinds.test"]
        second = await send(request(f"https://rebinds.test:{port}/"))

    assert (first.status, asked) == (200, 1)
    assert second.error is ErrorClass.BLOCKED_ADDRESS
    assert connections == []


async def test_a_thousand_addresses(names: Names) -> None:
    """All of them are checked, and a few are tried: a name is no way to have us knock at every door of a network."""
    resolver = GuardedResolver(LOOPBACK)
    found = await resolver.resolve("many.test", 443)
    await resolver.close()

    assert len(found) == ADDRESSES_OF_A_FAMILY
    assert all(ipaddress.ip_address(address["host"]) in LOOPBACK[0] for address in found)
    assert PUBLIC not in {address["host"] for address in found}


@pytest.mark.parametrize("host", ["does-not-exist.invalid", "a" * 64 + ".test", "xn--.example", "a..b"])
async def test_no_such_name(send: Send, host: str) -> None:
    """A name that is not there, or cannot be one."""
    result = await send(request(f"https://{host}/"))

    assert result.error in (ErrorClass.DNS, ErrorClass.PROTOCOL)
