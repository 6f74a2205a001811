"""aiohttp's server, but for what it answers past the middlewares, in a shape of its own.

That is what is no HTTP, of which its answers and its log would repeat what was sent; and a client that expects what no
server knows (`Expect: x`).
"""

import secrets
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from dispatcher.admin.middlewares import HEADERS
from dispatcher.admin.problems import Problem, problem_response

_Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class _Protocol(web.RequestHandler):
    """A connection."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer in the shape of every other error; no middleware has seen the request.

        Raises:
            ConnectionError: another answer has begun.
        """
        if status >= 500:
            super().handle_error(request, status, exc, message)  # which logs, and raises if an answer has begun
        else:
            # Theirs would write what was sent into the log: keys, cookies and one-time codes among it.
            self.logger.info("What %s sent is no HTTP: %s", request.remote, type(exc).__name__)
            if request.writer.output_size > 0:
                raise ConnectionError("another answer has begun")
        return _closing(Problem("bad_request" if status < 500 else "internal"))


class _Server(web.Server):
    """Makes a protocol for each connection."""

    def __call__(self) -> web.RequestHandler:
        """One for the next connection."""
        return _Protocol(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application on such a server."""

    __slots__ = ()

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        handler = _unless_more_is_expected(made.request_handler)
        return _Server(handler, request_factory=made.request_factory, loop=made._loop, **made._kwargs)


def _unless_more_is_expected(handle: _Answer) -> _Answer:
    """Refuse an expectation before the application sees it: it would answer past its middlewares, too."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get(hdrs.EXPECT, "100-continue").lower() != "100-continue":
            return _closing(Problem("bad_request", "The header Expect can only be 100-continue."))
        return await handle(request)

    return answer


def _closing(problem: Problem) -> web.Response:
    """The answer to what the middlewares do not see; the connection ends with it."""
    request_id = secrets.token_hex(16)
    response = problem_response(problem, request_id)
    for name, value in {**HEADERS, "X-Request-Id": request_id}.items():
        response.headers.setdefault(name, value)
    response.force_close()
    return response
