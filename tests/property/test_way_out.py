"""Generated URLs through the real way out, with a recorder for the connect step: which addresses are asked for."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core import address
from dispatcher.core.model import ErrorClass, Request, SendResult
from dispatcher.egress import client as egress
from tests.support.special_purpose import is_public
from tests.support.urls import URLS, V4_NUMBERS, V6_NUMBERS, WELL_FORMED, resolved_by_c

PUBLIC, PRIVATE = "8.8.8.8", "169.254.169.254"
ANSWERS = st.lists(
    V4_NUMBERS.map(ipaddress.IPv4Address).map(str)
    | V6_NUMBERS.map(ipaddress.IPv6Address).map(str)
    | st.sampled_from([PUBLIC, PUBLIC, PRIVATE, "::ffff:127.0.0.1", "fe80::1%1"]),
    min_size=1,
    max_size=3,
)


class Network:
    """A way out into nowhere: DNS answers what it is told, and each connection is recorded and refused."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.asked: list[str] = []
        self._runner = asyncio.Runner()
        self._way_out = egress.open_egress()
        self._send = self._runner.run(self._open())

    def send(self, url: str, answers: list[str]) -> SendResult:
        """Send to a URL; a name in it resolves to these addresses. Afterwards `asked` has what was connected to."""
        self.answers, self.asked = answers, []
        request = Request(url=url, headers={"webhook-id": "x"}, body=b"{}", timeout_seconds=60)
        return self._runner.run(self._sent(request))

    def getaddrinfo(self, host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        """A resolver that answers anything; as a C library it reads legacy numeric hosts by itself."""
        by_itself = resolved_by_c(host)
        return [
            (socket.AF_INET6 if ":" in answer else socket.AF_INET, socket.SOCK_STREAM, 6, "", (answer, 0))
            for answer in ([by_itself] if by_itself else self.answers)
        ]

    def close(self) -> None:
        """Close it."""
        self._runner.run(self._way_out.__aexit__(None, None, None))
        self._runner.close()

    async def _open(self) -> egress.Send:
        asyncio.get_running_loop().sock_connect = self._connect  # type: ignore[method-assign,assignment]
        return await self._way_out.__aenter__()

    async def _sent(self, request: Request) -> SendResult:
        return await self._send(request)

    async def _connect(self, _: socket.socket, peer: tuple[object, ...]) -> None:
        self.asked.append(str(peer[0]))
        raise ConnectionRefusedError


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """One for all examples: opening it costs more than sending."""
    found = Network()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", found.getaddrinfo)
        yield found
    found.close()


@given(url=WELL_FORMED | URLS, answers=ANSWERS)
def test_no_private_address_is_asked_for(network: Network, url: str, answers: list[str]) -> None:
    """Whatever stands in a URL and in DNS, only public addresses are; a refused answer refuses the name."""
    result = network.send(url, answers)
    asked = [ipaddress.ip_address(peer) for peer in network.asked]

    assert all(is_public(peer.version, int(peer)) for peer in asked)
    assert result.status is None
    assert result.error is not ErrorClass.BLOCKED_ADDRESS or asked == []


@pytest.mark.parametrize(
    "url",
    ["https://[]@", "https://[::1", "https://clinic.example:x/", "//clinic.example/"],
)
def test_what_the_client_cannot_read(network: Network, url: str) -> None:
    """A URL that its parser raises at, whatever it raises, is the endpoint's fault: an attempt that failed."""
    assert network.send(url, [PUBLIC]).error is ErrorClass.PROTOCOL
    assert network.asked == []


@given(st.permutations([PUBLIC, PUBLIC, PRIVATE]))
def test_one_private_answer_is_enough(network: Network, answers: list[str]) -> None:
    """Among public answers it keeps the name from being called, wherever it stands."""
    assert network.send("https://clinic.example/", answers).error is ErrorClass.BLOCKED_ADDRESS
    assert network.asked == []


@pytest.mark.parametrize("url", ["https://clinic.example/", f"https://{PUBLIC}/", "http://clinic.example:8080/"])
def test_the_recorder_sees_connections(network: Network, url: str) -> None:
    """A public address is asked for, by its name or as it is: the tests above are not blind."""
    assert network.send(url, [PUBLIC]).error is ErrorClass.CONNECT
    assert network.asked == [PUBLIC]


@pytest.mark.parametrize("url", ["https://clinic.example/", f"https://{PRIVATE}/", "https://0xa9fea9fe/"])
def test_without_the_policy_private_addresses_are_asked_for(
    network: Network, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """With the policy taken out the same URLs reach the metadata address: it is the policy that keeps them from it."""
    assert network.send(url, [PRIVATE]).error is ErrorClass.BLOCKED_ADDRESS
    assert network.asked == []

    for version in ("v4", "v6"):
        monkeypatch.setattr(address, f"_refusal_{version}", lambda _: None)
    network.send(url, [PRIVATE])

    assert network.asked == [PRIVATE]
