"""Making, changing and showing endpoints, for the API and the pages alike: what is whose to choose, and to see."""

from dataclasses import replace
from functools import partial
from typing import TypeVar

from aiohttp import web

from dispatcher.admin.api.endpoint_fields import ChangedEndpoint, NewEndpoint
from dispatcher.admin.deps import DEPS, VISIT, Visit
from dispatcher.admin.limits import RateClass, take_too
from dispatcher.admin.operations import endpoints
from dispatcher.admin.operations.endpoint_rows import CreatedEndpoint, Endpoint
from dispatcher.admin.operations.testing import SentTest
from dispatcher.admin.problems import Problem
from dispatcher.admin.testing import try_endpoint
from dispatcher.core.redaction import REDACTED

Shown = TypeVar("Shown", bound=Endpoint)


class Unverified(Exception):
    """The test before an endpoint was to be made was not answered with 2xx: it was not made."""

    def __init__(self, sent: SentTest) -> None:
        super().__init__("the test was not answered with 2xx")
        self.sent = sent


async def make_endpoint(request: web.Request, wanted: NewEndpoint) -> CreatedEndpoint:
    """Make an endpoint of a request's clinic, tested first if that is wanted; its key is there for who may know it.

    Raises:
        Problem: no clinic is named, something is not theirs to choose, or the test could not be sent.
        Unverified: the test was not answered with 2xx.
        psycopg.Error: as operations.endpoints.insert_endpoint.
    """
    deps, visit = request.app[DEPS], request[VISIT]
    if visit.clinic_id is None:
        raise Problem("clinic_needed")
    if wanted.secret is not None and not visit.may("signing_key.rotate"):
        raise Problem("forbidden", "The signing key is not yours to choose: leave secret out.")
    if wanted.headers and not visit.may("header.set"):
        raise Problem("forbidden", "Headers are not yours to set: leave them out.")
    options = wanted.model_dump(exclude={"verify"})
    if wanted.verify:
        take_too(request, RateClass.TEST)
        make = partial(endpoints.insert_endpoint, clinic_id=visit.clinic_id, options=options)
        sent = await try_endpoint(deps, visit, make)
        if not sent.succeeded:
            raise Unverified(sent)
    made = await endpoints.create_endpoint(deps.pool, visit, visit.clinic_id, options)
    if not visit.may("signing_key.rotate"):
        made = replace(made, secret=None)
    return shown(made, visit)


async def change_endpoint(request: web.Request, endpoint_id: int, changed: ChangedEndpoint) -> Endpoint:
    """Change some options of an endpoint.

    Raises:
        Problem: it has headers, and another URL is not theirs to choose.
        psycopg.Error: as operations.endpoints.change_endpoint.
    """
    visit = request[VISIT]
    try:
        found = await endpoints.change_endpoint(
            request.app[DEPS].pool, visit, endpoint_id, changed.changes(), visit.may("header.set")
        )
    except endpoints.IsRedirected:
        raise Problem("forbidden", "The endpoint has headers, which are not yours to send to another URL.") from None
    return shown(found, visit)


async def find_endpoint(request: web.Request, endpoint_id: int) -> Endpoint:
    """An endpoint, also one that is retired.

    Raises:
        psycopg.errors.NoDataFound: there is none, or it is another clinic's.
    """
    visit = request[VISIT]
    return shown(await endpoints.find_endpoint(request.app[DEPS].pool, visit, endpoint_id), visit)


def shown(endpoint: Shown, visit: Visit) -> Shown:
    """An endpoint as who asks may see it: some receivers want a token in the query of their URL."""
    place, mark, _ = endpoint.url.partition("?")
    if not mark or visit.may("endpoint.read_query"):
        return endpoint
    return replace(endpoint, url=f"{place}?{REDACTED}")
