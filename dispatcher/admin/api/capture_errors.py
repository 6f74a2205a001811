"""capture-errors, recaptures: changes that could not be captured, and making their events; for operators."""

from dataclasses import dataclass
from typing import Annotated, Self

from aiohttp import web
from pydantic import Field, model_validator

from dispatcher.admin.api.answers import Next, answer
from dispatcher.admin.api.choices import check_choice
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.cursors import cut
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import capture_errors
from dispatcher.admin.operations.capture_errors import CaptureError, Recaptured
from dispatcher.admin.queries import Page, read_query
from dispatcher.admin.routes import API, Route
from dispatcher.admin.values import LARGEST_INTEGER, Flag, Id, Moment, Text

CHOICES = ("capture_error_id", "source", "since", "until")
AT_ONCE = 100  # in one request that says nothing else
MOST = 200  # in one request, which is one transaction


class CaptureErrorQuery(Page):
    """Which changes."""

    source: Text | None = Field(None, description="Of this watched table, by the name of its event source.")
    since: Moment | None = None
    until: Moment | None = None
    is_open: Flag | None = Field(
        None, description="true: only those whose events are still due; false: only those that were recaptured."
    )


class NewRecapture(Body):
    """Which changes; all that is named has to fit, and something has to be named."""

    capture_error_id: Id | None = None
    source: Text | None = Field(None, description="Of this watched table.")
    since: Moment | None = Field(None, description="From this time on; 1970-01-01T00:00:00Z means all.")
    until: Moment | None = Field(None, description="Before this time.")
    after: Annotated[int, Field(ge=0, le=LARGEST_INTEGER)] = Field(0, description="`next` of the answer before.")
    limit: Annotated[int, Field(ge=1, le=MOST)] = Field(AT_ONCE, description="How many at most.")
    dry_run: bool = Field(False, description="True: say how many there are, and do nothing.")

    @model_validator(mode="after")
    def _can_be_meant(self) -> Self:
        if all(getattr(self, name) is None for name in CHOICES):
            raise ValueError(f"nothing is chosen: name {', '.join(CHOICES)}; since 1970-01-01T00:00:00Z means all")
        check_choice(None, None, self.since, self.until)
        return self


@dataclass(frozen=True)
class CaptureErrors:
    """Changes that could not be captured, the newest first."""

    capture_errors: list[CaptureError]
    next: Next


async def list_capture_errors(request: web.Request) -> web.Response:
    """Without the values that were written: these are the clinics'."""
    query = read_query(request, CaptureErrorQuery)
    (before,) = query.after(int) or (None,)
    filters = query.model_dump(include={"source", "since", "until", "is_open"})
    found = await capture_errors.list_capture_errors(
        request.app[DEPS].pool, request[VISIT], filters, before, query.limit + 1
    )
    return answer(CaptureErrors(*cut(found, query.limit, lambda change: change.capture_error_id)))


async def start_recapture(request: web.Request) -> web.Response:
    """The oldest first, each exactly once; what still cannot be captured stays, and is named with its problem.

    A request looks at `limit` changes; `next` says that there are more: ask again, with it as `after`.
    """
    body = await read_body(request, NewRecapture)
    chosen = body.model_dump(exclude={"dry_run"})
    return answer(await capture_errors.recapture(request.app[DEPS].pool, request[VISIT], chosen, dry_run=body.dry_run))


ROUTES = (
    Route(
        "GET",
        f"{API}/capture-errors",
        "capture_error.read",
        RateClass.READ,
        list_capture_errors,
        "List changes that could not be captured, the newest first",
        answer=CaptureErrors,
        query=CaptureErrorQuery,
    ),
    Route(
        "POST",
        f"{API}/recaptures",
        "capture_error.recapture",
        RateClass.WRITE,
        start_recapture,
        "Make the events of changes that could not be captured",
        answer=Recaptured,
        body=NewRecapture,
        problems=("not_found",),
    ),
)
