"""The receivers of the isolation benchmark, in a process of their own: `python -m benchmarks.isolation_receiver PEM`.

Each endpoint has an address of its own on this machine (127.0.0.1 and so on), all of them one port. The path says how
it behaves. Commands come on standard input: `answer SECONDS` (how long a healthy one takes), `report FILE` (write down
what arrived, and forget it); each is acknowledged with a line.
"""

import asyncio
import ssl
import sys
import time
from pathlib import Path

from aiohttp import web
from aiohttp.web_request import BaseRequest

HEALTHY, NEIGHBOUR, HANGING, FAILING, BUSY = "/healthy", "/neighbour", "/hanging", "/failing", "/busy"
ADDRESSES = 10


class Receivers:
    """All of them: what arrived, and how fast they answer."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str, float]] = []
        self.answer_seconds = 0.0

    async def handle(self, request: BaseRequest) -> web.Response:
        """Take one request, note when it was there, and behave as its path says."""
        await request.read()
        self.arrived.append((request.path, request.headers["webhook-id"], time.time()))
        if request.path.startswith(HANGING):
            await asyncio.Event().wait()
        if request.path.startswith(FAILING):
            return web.Response(status=500)
        if self.answer_seconds:
            await asyncio.sleep(self.answer_seconds)
        return web.Response(status=204)

    def command(self, words: list[str]) -> None:
        """Do what a line of standard input says."""
        match words:
            case ["answer", seconds]:
                self.answer_seconds = float(seconds)
            case ["report", file]:
                lines = (f"{path} {webhook_id} {at!r}\n" for path, webhook_id, at in self.arrived)
                Path(file).write_text("".join(lines))
                self.arrived.clear()
        print("done", flush=True)


async def serve(pem: str) -> None:
    """Serve until standard input ends."""
    receivers = Receivers()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    runner = web.ServerRunner(web.Server(receivers.handle, access_log=None), shutdown_timeout=0.5)
    await runner.setup()
    port = 0
    for number in range(1, ADDRESSES + 1):
        await web.TCPSite(runner, f"127.0.0.{number}", port, ssl_context=tls, backlog=1024).start()
        port = runner.addresses[0][1]
    print(port, flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        receivers.command(line.decode().split())
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
