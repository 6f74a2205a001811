"""Hostile receivers on real sockets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import trustme

from tests.hostile.behaviours import refuses_in_handshake
from tests.hostile.certificates import BAD, HOST, context
from tests.hostile.receivers import Hostile
from tests.support.raw import serve_raw


@asynccontextmanager
async def serve(hostile: Hostile, ca: trustme.CA, folder: Path) -> AsyncIterator[str]:
    """Serve one until left; yields its URL."""
    tls = None if hostile.tls is None else context(hostile.tls, ca, folder)
    behaviour = hostile.behaviour
    if tls is not None and hostile.tls in BAD:
        behaviour, tls = refuses_in_handshake(tls), None
    async with serve_raw(behaviour, tls) as port:
        yield f"https://{HOST}:{port}/{hostile.name}"


@asynccontextmanager
async def serve_all(rows: Sequence[Hostile], ca: trustme.CA, folder: Path) -> AsyncIterator[dict[str, Hostile]]:
    """Serve many until left; yields them by their URLs."""
    async with AsyncExitStack() as stack:
        yield {await stack.enter_async_context(serve(row, ca, folder)): row for row in rows}
