"""What is our own trouble, and what is the endpoint's: it decides who is charged."""

import asyncio
import errno
import os
import socket
from pathlib import Path

import aiohttp
import pytest
import trustme

from dispatcher.core.model import ErrorClass
from dispatcher.egress import client
from dispatcher.egress.client import Send, open_egress
from dispatcher.egress.errors import LocalFailure
from tests.hostile.conftest import request
from tests.support.raw import serve_raw, server_tls, writes

V4, V6 = "93.184.216.34", "2606:4700:4700::1111"


def _answers(monkeypatch: pytest.MonkeyPatch, addresses: list[str], refused: dict[str, int]) -> None:
    """The name service finds these addresses; connecting to each fails with its errno."""

    def getaddrinfo(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(_family(address), socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

    async def connect(_: socket.socket, peer: tuple[str, ...]) -> None:
        number = refused[peer[0]]
        raise OSError(number, f"{os.strerror(number)} {peer}")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@pytest.mark.parametrize("refusal", [errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.EAFNOSUPPORT])
@pytest.mark.parametrize("url", ["https://v6.example/", f"https://[{V6}]/"])
async def test_an_endpoint_of_ipv6_where_there_is_none(monkeypatch: pytest.MonkeyPatch, url: str, refusal: int) -> None:
    """It is charged: given back, it would be tried for ever, as no waiting gives this machine an address of IPv6."""
    async with open_egress() as send:
        _answers(monkeypatch, [V6], {V6: refusal})
        result = await send(request(url))

    assert result.error is ErrorClass.CONNECT


@pytest.mark.parametrize("addresses", [[V4], [V4, V6], [V6, V4]])
async def test_no_port_is_left(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    """Of IPv4 that is our own trouble, also where the name has an address of IPv6 besides."""
    async with open_egress() as send:
        _answers(monkeypatch, addresses, dict.fromkeys(addresses, errno.EADDRNOTAVAIL))
        with pytest.raises(LocalFailure, match="EADDRNOTAVAIL"):
            await send(request("https://clinic.example/"))


async def test_after_the_status_line(
    send: Send, certificates: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of memory while the body is read: the receiver has the event, so it is not sent a second time."""

    async def no_buffer(*_: object) -> None:
        raise aiohttp.ClientOSError(errno.ENOBUFS, "no buffer space available")

    monkeypatch.setattr(client, "_read", no_buffer)
    async with serve_raw(
        writes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), server_tls(certificates[0])
    ) as port:
        result = await send(request(f"https://localhost:{port}/"))

    assert (result.status, result.error, result.note) == (200, None, "body_truncated")
