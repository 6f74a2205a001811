"""test: a signed event to one endpoint, at once, and what was answered."""

import json
from typing import Annotated

from aiohttp import web
from pydantic import Field

from dispatcher.admin import testing
from dispatcher.admin.api.answers import answer, written
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.testing import SentTest
from dispatcher.admin.problems import Problem
from dispatcher.admin.routes import API, Route
from dispatcher.admin.values import Id

# What a route that verifies endpoints may answer besides its own problems.
PROBLEMS = ("sending_off", "unusable_secret", "conflict", "verification_failed")


class NewTest(Body):
    """Which endpoint is to be tested; it may be paused or disabled."""

    endpoint_id: Annotated[Id, Field(examples=[1])]


async def send_test(request: web.Request) -> web.Response:
    """Send a test, and wait for the answer."""
    body = await read_body(request, NewTest)
    return answer(await testing.send_test(request.app[DEPS], request[VISIT], body.endpoint_id))


def unverified(sent: SentTest) -> Problem:
    """What is said where a test came first, and was not answered with 2xx."""
    return Problem("verification_failed", _words(sent), members={"test": json.loads(written(sent))})


def _words(sent: SentTest) -> str:
    if sent.http_status is None:
        return f"The test was not answered: {sent.error_class}. No endpoint was made."
    return f"The test was answered with {sent.http_status}, and not with 2xx. No endpoint was made."


ROUTES = (
    Route(
        "POST",
        f"{API}/test",
        "endpoint.test",
        RateClass.TEST,
        send_test,
        "Send a signed webhook.test event to an endpoint, and say what it answered",
        answer=SentTest,
        body=NewTest,
        problems=("not_found", "conflict", "sending_off", "unusable_secret"),
    ),
)
