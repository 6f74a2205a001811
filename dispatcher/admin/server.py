"""aiohttp's server, but for what it says of what is not HTTP: its answers and its log repeat what was sent."""

import secrets

from aiohttp import web

from dispatcher.admin.middlewares import HEADERS
from dispatcher.admin.problems import Problem, problem_response


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
        request_id = secrets.token_hex(16)
        response = problem_response(Problem("bad_request" if status < 500 else "internal"), request_id)
        for name, value in {**HEADERS, "X-Request-Id": request_id}.items():
            response.headers.setdefault(name, value)
        response.force_close()
        return response


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
        return _Server(made.request_handler, request_factory=made.request_factory, loop=made._loop, **made._kwargs)
