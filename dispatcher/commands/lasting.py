"""What runs until SIGTERM: whether it could, and then running it."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, LiteralString

from dispatcher.commands.session import UsageError, roles_explained
from dispatcher.db import DISPATCHER_ROLE, connect


def preflight(url: str, purpose: str = "", role: LiteralString = DISPATCHER_ROLE) -> None:
    """Connect once as the pool will: it would only say after its timeout that it cannot.

    Raises:
        SchemaMismatch, UsageError: the role is not there, or this login may not work as it.
    """

    async def try_once() -> None:
        await (await connect(url, purpose, role)).close()

    with roles_explained():
        asyncio.run(try_once())


def run_until_signalled(
    run: Callable[[asyncio.Event], Coroutine[Any, Any, None]], host: str, port: int, *, second_ends: bool = True
) -> None:
    """Run until SIGTERM or SIGINT, with the event that is set then.

    Args:
        host, port: where it serves, for the message if that is taken.
        second_ends: as of app.stop_on_signals.

    Raises:
        UsageError: it cannot serve there.
    """

    from dispatcher import app  # as in running.py

    async def work() -> None:
        stop = asyncio.Event()
        app.stop_on_signals(stop, second_ends=second_ends)
        try:
            await run(stop)
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise UsageError(f"cannot serve on {host}:{port}: {error.strerror or error}") from error

    # The modules last as long as the process. Looked through again and again, they would stop every request for 50 ms.
    gc.freeze()
    app.run_blocking(work())
