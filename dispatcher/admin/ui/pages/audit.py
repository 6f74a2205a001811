"""Audit: who did what, and what was denied."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from aiohttp import web

from dispatcher.admin.api.audit import AuditQuery
from dispatcher.admin.cursors import cut
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import audit
from dispatcher.admin.operations.audit import AuditLine
from dispatcher.admin.routes import Route
from dispatcher.admin.ui.differences import described
from dispatcher.admin.ui.filters import out_of_order
from dispatcher.admin.ui.forms import read_filters
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.local_times import LocalMoment
from dispatcher.admin.ui.urls import HTML, UI
from dispatcher.admin.ui.wording.audit import ACTIONS, THINGS

_SUBJECT = re.compile(r"(?:.* of )?(endpoint|delivery|replay) ([0-9]{1,19})")
_PLACES = {"endpoint": "endpoints", "delivery": "deliveries", "replay": "replays"}


class AuditFilters(AuditQuery):
    """Which lines; times may come without a zone, as forms send them."""

    since: LocalMoment | None = None
    until: LocalMoment | None = None


async def show_audit(request: web.Request) -> web.Response:
    """The lines that are asked for, the newest first; nothing, where it cannot be meant."""
    query, wrong = read_filters(request, AuditFilters)
    wrong |= out_of_order(query.since, query.until)
    before = query.after(datetime, int)
    filters = query.model_dump(include={"action", "is_denied", "since", "until"})
    found: list[AuditLine] = []
    if not wrong:
        found = await audit.list_audit_lines(request.app[DEPS].pool, request[VISIT], filters, before, query.limit + 1)
    lines, following = cut(found, query.limit, lambda line: (line.at, line.audit_id))
    return page(
        request,
        "audit/list.html",
        422 if wrong else 200,
        lines=[(line, described(line.details), place(line.subject)) for line in lines],
        next=following,
        things=list(things()),
        ACTIONS=ACTIONS,
        THINGS=THINGS,
        chosen=query,
        is_chosen=bool(wrong) or any(value is not None for value in filters.values()),
        errors=wrong,
    )


def things() -> Iterator[tuple[str, Sequence[str]]]:
    """The actions by what they are about."""
    by_thing: Mapping[str, list[str]] = {thing: [] for thing in THINGS}
    for action in ACTIONS:
        by_thing[action.partition(".")[0]].append(action)
    yield from by_thing.items()


def place(subject: str) -> str | None:
    """The page of what a line is about; None: it has none."""
    found = _SUBJECT.fullmatch(subject)
    return f"{UI}/{_PLACES[found[1]]}/{found[2]}" if found else None


ROUTES = (Route("GET", f"{UI}/audit", "audit.read", RateClass.READ, show_audit, media=HTML),)
