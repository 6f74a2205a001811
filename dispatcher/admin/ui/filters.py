"""By what lists of events and deliveries are filtered: parameters of a URL, as a form writes them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from aiohttp import web

from dispatcher.admin.deps import VISIT, Visit
from dispatcher.admin.operations.delivery_rows import ErrorClass, State
from dispatcher.admin.queries import Page
from dispatcher.admin.ui.forms import read_filters
from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.local_times import LocalMoment
from dispatcher.admin.values import EventPattern, Id, Text

BEGINNING = "1970-01-01T00:00:00Z"  # from then on: all

SPANS: Mapping[str, timedelta] = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7)}


Last = Literal["1h", "24h", "7d"]


class TimeFilters(Page):
    """Which events by their time: of the last so many hours or days, from a time on, before one."""

    last: Last | None = None
    since: LocalMoment | None = None
    until: LocalMoment | None = None

    def from_time(self, now: datetime) -> datetime | None:
        """The time from which on events are meant: all that is named has to fit."""
        named = [at for at in (self.since, now - SPANS[self.last] if self.last else None) if at is not None]
        return max(named, default=None)


class EventFilters(TimeFilters):
    """Which events."""

    type: EventPattern | None = None
    resource: Text | None = None
    resource_id: Text | None = None


class DeliveryFilters(EventFilters):
    """Which deliveries."""

    endpoint_id: Id | None = None
    state: State | None = None
    error_class: ErrorClass | None = None


def read_event_filters(request: web.Request) -> tuple[EventFilters, dict[str, str]]:
    """The filters of a list of events, and what is wrong with those that are left out for that."""
    filters, wrong = read_filters(request, EventFilters)
    return filters, {**wrong, **_cannot_be_meant(filters, request[VISIT], None)}


def read_delivery_filters(
    request: web.Request, endpoint_id: int | None = None
) -> tuple[DeliveryFilters, dict[str, str]]:
    """The filters of a list of deliveries, and what is wrong with those that are left out for that.

    Args:
        endpoint_id: whose list it is anyway.
    """
    filters, wrong = read_filters(request, DeliveryFilters)
    return filters, {**wrong, **_cannot_be_meant(filters, request[VISIT], endpoint_id or filters.endpoint_id)}


def _cannot_be_meant(filters: EventFilters, visit: Visit, endpoint_id: int | None) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if filters.resource_id is not None and filters.resource is None:
        wrong["resource"] = N_("Say what it is whose id this is, such as payment_transaction.")
    elif filters.resource_id is not None and visit.clinic_id is None and endpoint_id is None:
        wrong["resource_id"] = N_("An id is a clinic's: choose a clinic or an endpoint.")
    return wrong | out_of_order(filters.since, filters.until)


def out_of_order(since: datetime | None, until: datetime | None) -> dict[str, str]:
    """What is wrong with a time that is over before it begins."""
    is_over = since is not None and until is not None and since >= until
    return {"until": N_("This has to be later than the beginning.")} if is_over else {}


def patterns(names: Sequence[str], chosen: str | None) -> Sequence[str]:
    """The event types that can be chosen: those of one kind of thing together, and each by itself."""
    kinds = {f"{name.partition('.')[0]}.*" for name in names}
    return sorted({*kinds, *names, *([chosen] if chosen else [])})


def is_filtered(request: web.Request) -> bool:
    """Whether a list is asked for by anything but its page."""
    return any(
        value and name in DeliveryFilters.model_fields.keys() - Page.model_fields.keys()
        for name, value in request.query.items()
    )
