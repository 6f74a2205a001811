"""Fixtures: nginx in front of an upstream that counts, or of the admin API."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import trustme

from tests.admin.client import Api
from tests.admin.conftest import StartApi, api_database, lasting_database, start_api
from tests.proxy.clients import Client, Upstream, connect, serve_upstream
from tests.proxy.nginx import HASTY, Nginx, run_nginx

__all__ = ["api_database", "lasting_database", "start_api"]

Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def ca(certificates: tuple[trustme.CA, Path]) -> trustme.CA:
    """Who signed nginx's certificate."""
    return certificates[0]


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """What stands in the place of `serve`."""
    async with serve_upstream() as found:
        yield found


@pytest.fixture
async def nginx(upstream: Upstream, ca: trustme.CA, tmp_path: Path) -> AsyncIterator[Nginx]:
    """An nginx in front of it."""
    with run_nginx(tmp_path, upstream.port, ca) as found:
        yield found


@pytest.fixture
async def hasty(upstream: Upstream, ca: trustme.CA, tmp_path: Path) -> AsyncIterator[Nginx]:
    """The same, which does not wait for clients as long."""
    with run_nginx(tmp_path, upstream.port, ca, HASTY) as found:
        yield found


@pytest.fixture
def client(nginx: Nginx, ca: trustme.CA) -> Connect:
    """Connects to it: `async with client(source="127.0.0.2") as one`."""
    return partial(connect, nginx, ca)


@pytest.fixture
def impatient(hasty: Nginx, ca: trustme.CA) -> Connect:
    """Connects to the hasty one."""
    return partial(connect, hasty, ca)


@pytest.fixture
async def api(start_api: StartApi) -> AsyncIterator[Api]:
    """The admin API, which believes nginx."""
    async with start_api(trusted_proxies=(ip_network("127.0.0.1/32"),)) as found:
        yield found


@pytest.fixture
async def behind(api: Api, ca: trustme.CA, tmp_path: Path) -> AsyncIterator[Nginx]:
    """An nginx in front of the admin API."""
    port = urlsplit(api.url).port
    assert port is not None
    with run_nginx(tmp_path, port, ca) as found:
        yield found


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    """A client from another address of this machine."""
    connector = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session
