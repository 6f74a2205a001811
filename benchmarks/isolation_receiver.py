"""The receivers of the isolation benchmark, in a process of their own: `python -m benchmarks.isolation_receiver PEM`.

Each endpoint has an address of its own on this machine (127.0.0.1 and so on), all of them one port. The path says how
it behaves. Commands come on standard input: `answer SECONDS` (how long a healthy one takes), `wait SECONDS` (until
healthy ones got something for so long), `until COUNT PATH` (until so many arrived at paths that begin so),
`report FILE` (write down what arrived, and forget it); each is acknowledged with a line.
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
GIVES_UP_AFTER_SECONDS = 60  # without anything for a healthy one, or until so many arrived


class Receivers:
    """All of them: what arrived, and how fast they answer."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str, float]] = []
        self.answer_seconds = 0.0
        self._changed = asyncio.Event()
        self._arrival = asyncio.Event()

    async def handle(self, request: BaseRequest) -> web.Response:
        """Take one request, note when it was there, and behave as its path says."""
        await request.read()
        self.arrived.append((request.path, request.headers["webhook-id"], time.time()))
        self._arrival.set()
        if request.path.startswith(HEALTHY):
            self._changed.set()
        if request.path.startswith(HANGING):
            await asyncio.Event().wait()
        if request.path.startswith(FAILING):
            return web.Response(status=500)
        if self.answer_seconds:
            await asyncio.sleep(self.answer_seconds)
        return web.Response(status=204)

    async def command(self, words: list[str]) -> None:
        """Do what a line of standard input says."""
        match words:
            case ["answer", seconds]:
                self.answer_seconds = float(seconds)
            case ["wait", seconds]:
                await self._wait(float(seconds))
            case ["until", count, path]:
                await self._until(int(count), path)
            case ["report", file]:
                self._report(Path(file))
        print("done", flush=True)

    def _report(self, file: Path) -> None:
        file.write_text("".join(f"{path} {webhook_id} {at!r}\n" for path, webhook_id, at in self.arrived))
        self.arrived.clear()

    def _healthy_for(self) -> float:
        """Seconds from what a healthy one got first to what one got last."""
        first, last = (
            next((at for path, _, at in arrived if path.startswith(HEALTHY)), 0.0)
            for arrived in (self.arrived, reversed(self.arrived))
        )
        return last - first

    async def _wait(self, seconds: float) -> None:
        try:
            while self._healthy_for() < seconds:
                self._changed.clear()
                async with asyncio.timeout(GIVES_UP_AFTER_SECONDS):
                    await self._changed.wait()
        except TimeoutError:
            pass

    async def _until(self, count: int, path: str) -> None:
        try:
            async with asyncio.timeout(GIVES_UP_AFTER_SECONDS):
                while sum(found.startswith(path) for found, _, _ in self.arrived) < count:
                    self._arrival.clear()
                    await self._arrival.wait()
        except TimeoutError:
            pass


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
        await receivers.command(line.decode().split())
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
