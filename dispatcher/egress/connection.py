"""What a receiver may put on the wire: one answer to one request, and no more than so many bytes of it.

aiohttp bounds each line, the number of headers and what it buffers of a body, but neither the interim answers before an
answer, nor the whole; and it takes in what arrives on a connection that waits for its next request, keeps it, and hands
it out as that one's answer. These two classes close that; they build on undocumented parts of aiohttp, which is why
pyproject.toml names the release that they are tested against.
"""

import asyncio
import re
import select
from contextvars import ContextVar
from functools import partial
from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import StreamReader
from aiohttp.tracing import Trace

# All of it: interim answers, headers, the framing of the body, trailers. A body of chunks of one byte is six times as
# long as what is read of it, and half a MB may have been taken before its reader has its turn.
MAX_ANSWER_BYTES = 1024 * 1024
MAX_HEADS = 16  # an answer and its interim ones (1xx); servers send two at most
_WITHOUT_BODY = frozenset({204, 304})
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_LONGEST_END = 3


# The kept connection on which the request of this task was sent; None if it had a new one.
kept_connection: ContextVar["BoundedAnswer | None"] = ContextVar("kept_connection", default=None)


class GuardedConnector(aiohttp.TCPConnector):
    """Hands out no kept connection on which something waits that nobody asked for: bytes, or its end.

    Nor a second one to the same request, which would meet the same receiver that leaves its connections.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = cast("partial[ResponseHandler]", partial(BoundedAnswer, asyncio.get_running_loop()))

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        if kept_connection.get() is not None:
            return None
        while (connection := await super()._get(key, traces)) is not None:
            if _is_quiet(connection):
                kept_connection.set(cast("BoundedAnswer", connection.protocol))
                return connection
            connection.close()
        return None


def _is_quiet(connection: Connection) -> bool:
    assert connection.transport is not None  # the pool has looked
    waiting = select.poll()
    waiting.register(connection.transport.get_extra_info("socket"), select.POLLIN)
    return not waiting.poll(0)


def _announces_a_body(message: RawResponseMessage) -> bool:
    return "transfer-encoding" in message.headers or message.headers.get("content-length", "0") != "0"


class BoundedAnswer(ResponseHandler):
    """One connection. `set_response_params` begins a request; what comes after its answer closes the connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._begin()

    def _begin(self) -> None:
        self._answer: StreamReader | None = None  # its body, once its head is there
        self._taken = 0
        self._heads = 0
        self._before = b""  # the last bytes of a head that has no end yet: the end may arrive in pieces

    @property
    def has_taken(self) -> bool:
        """Whether any byte came since the last request was about to be sent."""
        return self._taken > 0

    def set_response_params(self, **params: Any) -> None:
        """A request is about to be sent."""
        self._begin()
        super().set_response_params(**params)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """The parser has found a head; it is the answer's unless it is an interim one."""
        message, body = data
        if self._answer is None and (message.code >= 200 or message.code == 101):
            self._answer = body
            if message.code in _WITHOUT_BODY and _announces_a_body(message):
                self.force_close()  # it may come when the next request has been sent, and be taken for its answer
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the parser: each head by itself, so that what follows an answer cannot spoil it."""
        if not data:  # aiohttp goes on with what it had paused at
            super().data_received(data)
            return
        self._taken += len(data)
        if self._taken > MAX_ANSWER_BYTES:
            self._refuse()
            return
        while self._answer is None and self.exception() is None and (end := self._end_of_head(data)):
            self._heads += 1
            if self._heads > MAX_HEADS:
                self._refuse()
                return
            super().data_received(data[:end])
            data = data[end:]
        if self._answer is not None and self._answer.is_eof():
            if data:
                self._end()
        elif data:
            super().data_received(data)
            if self.exception() is not None:
                self._break_off("the framing of the body is wrong")

    def _end_of_head(self, data: bytes) -> int:
        """How many of these bytes end the head that is being read; 0 if it goes on."""
        before, text = len(self._before), self._before + data
        if (end := _END_OF_HEAD.search(text)) is None:
            self._before = text[-(_LONGEST_END - 1) :]
            return 0
        self._before = b""
        return end.end() - before

    def close(self) -> None:
        """At once: a TLS good-bye would be waited for, for half a minute if the receiver does not return it."""
        self.abort()

    def _refuse(self) -> None:
        """Too much: the request fails if there is no status yet, and else its body ends here."""
        self.set_exception(HttpProcessingError(code=400, message="the answer is too long"))
        self._break_off("the answer is too long")
        self._end()

    def _break_off(self, reason: str) -> None:
        """Tell who reads the body that no more of it comes; aiohttp lets them wait."""
        if self._answer is not None and not self._answer.is_eof():
            self._answer.set_exception(aiohttp.ClientPayloadError(reason))

    def _end(self) -> None:
        self.force_close()
        if self.transport is not None:
            self.transport.abort()
