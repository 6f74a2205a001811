"""What the pages of an endpoint have in common: its paths, its head with the tabs, and the catalogue for its form."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from aiohttp import web

from dispatcher.admin.api.answers import number_in_path
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.endpoints import find_endpoint
from dispatcher.admin.operations.endpoint_rows import Endpoint
from dispatcher.admin.operations.event_types import EventType, list_event_types
from dispatcher.admin.routes import number
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.urls import UI
from dispatcher.core.backoff import DEFAULT_SCHEDULE
from dispatcher.core.model import NOTICE_RESOURCES

ENDPOINTS = f"{UI}/endpoints"
ENDPOINT = f"{ENDPOINTS}/{number('id')}"
LONGEST_NAME = 80  # characters of a heading


@dataclass(frozen=True)
class Group:
    """The event types about one kind of thing; `is_ours`: operational ones, which `*` does not ask for."""

    resource: str
    types: Sequence[EventType]

    @property
    def is_ours(self) -> bool:
        """Whether it tells of our own operations."""
        return self.resource in NOTICE_RESOURCES

    @property
    def pattern(self) -> str:
        """All of them."""
        return f"{self.resource}.*"


def path_of(endpoint_id: int, tab: str = "") -> str:
    """The path of an endpoint's page."""
    return f"{ENDPOINTS}/{endpoint_id}{tab}"


async def endpoint_of(request: web.Request) -> Endpoint:
    """The endpoint that a path names, as who asks may see it.

    Raises:
        psycopg.errors.NoDataFound: there is none, or it is another clinic's.
    """
    return await find_endpoint(request, number_in_path(request, "id"))


def endpoint_page(
    request: web.Request, tab: str, endpoint: Endpoint, status: int = 200, **context: Any
) -> web.Response:
    """A page about an endpoint: the template of this name in templates/endpoint/."""
    known = {
        "endpoint": endpoint,
        "name": name_of(endpoint),
        "default_schedule": DEFAULT_SCHEDULE,
    }
    return page(request, f"endpoint/{tab}.html", status, **known, **context)


def name_of(endpoint: Endpoint) -> str:
    """What people call an endpoint: its description, or else the host of its URL."""
    name = endpoint.description.strip() or endpoint.url.removeprefix("https://").partition("/")[0]
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


async def catalogue(request: web.Request) -> list[Group]:
    """The event types that can be asked for, by what they are about; our own at the end."""
    found = await list_event_types(request.app[DEPS].pool, request[VISIT])
    # Whoever is tested gets the test, whatever it asks for.
    asked_for = [one for one in found if one.name != "webhook.test"]
    groups = [Group(about, list(types)) for about, types in groupby(asked_for, lambda one: one.name.partition(".")[0])]
    return sorted(groups, key=lambda group: (group.is_ours, group.resource))


def offered(groups: Sequence[Group]) -> frozenset[str]:
    """The patterns that a form has boxes for."""
    return frozenset(
        {"*", *(group.pattern for group in groups), *(one.name for group in groups for one in group.types)}
    )
