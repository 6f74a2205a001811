"""`serve` is away: nginx says so, as the API says that the database is."""

import json
from pathlib import Path

import trustme

from tests.proxy.clients import connect
from tests.proxy.nginx import run_nginx
from tests.support.ops import free_port


async def test_nobody_answers(ca: trustme.CA, tmp_path: Path) -> None:
    """503, in the shape of every other error, and when to come again."""
    with run_nginx(tmp_path, free_port(), ca) as nginx:
        async with connect(nginx, ca) as client:
            await client.say(
                b"GET /api/webhooks/me HTTP/1.1\r\nHost: webhooks.example.com\r\nConnection: close\r\n\r\n"
            )
            head, _, body = (await client.heard()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 5" in head
    assert json.loads(body)["code"] == "unavailable"
