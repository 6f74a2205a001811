"""audit: what was changed and what was denied, when, by whom, from where."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import Field

from dispatcher.admin.api.answers import Next, answer
from dispatcher.admin.cursors import cut
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import audit
from dispatcher.admin.operations.audit import AuditLine
from dispatcher.admin.queries import Page, read_query
from dispatcher.admin.routes import API, Route
from dispatcher.admin.values import Flag, Moment


class AuditQuery(Page):
    """Which lines."""

    action: Annotated[str, Field(max_length=100, pattern=r"^[a-z_]+\.([a-z_]+|\*)$")] | None = Field(
        None, description="endpoint.paused; or endpoint.* for all that is done to endpoints."
    )
    is_denied: Flag | None = Field(None, description="true: only what was denied; false: only what was done.")
    since: Moment | None = None
    until: Moment | None = None


@dataclass(frozen=True)
class Audit:
    """Lines of the audit log, the newest first."""

    audit: list[AuditLine]
    next: Next


async def list_audit_lines(request: web.Request) -> web.Response:
    """The clinic's lines; all, the platform's own among them, if the request names no clinic."""
    query = read_query(request, AuditQuery)
    before = query.after(datetime, int)
    filters = query.model_dump(include={"action", "is_denied", "since", "until"})
    found = await audit.list_audit_lines(request.app[DEPS].pool, request[VISIT], filters, before, query.limit + 1)
    return answer(Audit(*cut(found, query.limit, lambda line: (line.at, line.audit_id))))


ROUTES = (
    Route(
        "GET",
        f"{API}/audit",
        "audit.read",
        RateClass.READ,
        list_audit_lines,
        "Read the audit log, the newest lines first",
        answer=Audit,
        query=AuditQuery,
    ),
)
