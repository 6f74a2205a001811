"""replays: many deliveries again, or past events for the subscriptions of today; a dispatcher carries them out."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from aiohttp import web
from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from dispatcher.admin.api.answers import Next, answer, number_in_path
from dispatcher.admin.api.choices import check_choice
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.counting import counting
from dispatcher.admin.cursors import cut
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import replays
from dispatcher.admin.operations.delivery_rows import ErrorClass
from dispatcher.admin.operations.replays import Kind, Replay, StartedReplay, State
from dispatcher.admin.queries import Page, read_query
from dispatcher.admin.routes import API, Route, number
from dispatcher.admin.values import EventPattern, Id, Moment, Text

# Of these one has to be named: a body that was left out is no wish to send everything again.
CHOICES = ("endpoint_id", "type", "since", "until", "resource", "error_class")

_NULL: JsonDict = {"type": "null"}
# What the validator below asks, in the words of JSON Schema; it has none for which of two times is the earlier one.
_CAN_BE_MEANT: JsonDict = {
    "allOf": [
        {"anyOf": [{"required": [name], "properties": {name: {"not": _NULL}}} for name in CHOICES]},
        {
            "anyOf": [
                {"properties": {"resource_id": _NULL}},
                {"required": ["resource"], "properties": {"resource": {"not": _NULL}}},
            ]
        },
        {
            "anyOf": [
                {"properties": {"kind": {"const": "replay"}}},
                {"properties": {"state": _NULL, "error_class": _NULL}},
            ]
        },
    ]
}


class NewReplay(Body):
    """Which deliveries are sent again, or which events are told anew: all that is named has to fit."""

    model_config = ConfigDict(json_schema_extra=_CAN_BE_MEANT)

    kind: Kind = Field(
        "replay",
        description="replay: finished deliveries again. reevaluation: past events, for the endpoints that ask for them"
        " today and have no delivery of them.",
    )
    endpoint_id: Id | None = None
    type: EventPattern | None = Field(
        None, description="Of the events: payment_transaction.created, payment_transaction.* or *."
    )
    state: Literal["dead", "succeeded", "cancelled", "any"] | None = Field(
        None, description="Of the deliveries; dead if left out. A reevaluation has none."
    )
    since: Moment | None = Field(None, description="Events from this time on; 1970-01-01T00:00:00Z means all.")
    until: Moment | None = Field(None, description="Events before this time.")
    resource: Text | None = Field(None, description="Of the events: what they are about, payment_transaction.")
    resource_id: Text | None = Field(None, description="Which one; needs resource.")
    error_class: ErrorClass | None = Field(None, description="Of a delivery's last attempt. A reevaluation has none.")
    rate: Annotated[int, Field(ge=1, le=10_000)] = Field(
        100, description="Deliveries that become due within a second, at most."
    )
    dry_run: bool = Field(False, description="True: say how many there are, and do nothing.")

    @model_validator(mode="after")
    def _can_be_meant(self) -> Self:
        if all(getattr(self, name) is None for name in CHOICES):
            raise ValueError(f"nothing is chosen: name {', '.join(CHOICES)}; since 1970-01-01T00:00:00Z means all")
        check_choice(self.resource, self.resource_id, self.since, self.until)
        if self.kind == "reevaluation" and (self.state is not None or self.error_class is not None):
            raise ValueError("a reevaluation is about events, not deliveries: it has no state and no error_class")
        return self

    def chosen(self) -> dict[str, object]:
        """The parameters of replay() and reevaluate(), without p_ and without the clinic."""
        state = self.state or "dead"
        return {**self.model_dump(exclude={"kind"}), "state": None if state == "any" else state}


class ReplayQuery(Page):
    """Which replays."""

    state: State | None = None
    kind: Kind | None = None
    endpoint_id: Id | None = None


@dataclass(frozen=True)
class Replays:
    """Replays, the newest first."""

    replays: list[Replay]
    next: Next


async def list_replays(request: web.Request) -> web.Response:
    """What they are about, and how far they are."""
    query = read_query(request, ReplayQuery)
    (before,) = query.after(int) or (None,)
    filters = query.model_dump(include={"state", "kind", "endpoint_id"})
    found = await replays.list_replays(request.app[DEPS].pool, request[VISIT], filters, before, query.limit + 1)
    return answer(Replays(*cut(found, query.limit, lambda replay: replay.replay_id)))


async def start_replay(request: web.Request) -> web.Response:
    """Count them and, unless it is a dry run, begin."""
    body = await read_body(request, NewReplay)
    deps, visit = request.app[DEPS], request[VISIT]
    with counting(deps, visit):
        return answer(await replays.start_replay(deps.pool, visit, body.kind, body.chosen()))


async def show_replay(request: web.Request) -> web.Response:
    """How far it is."""
    found = await replays.find_replay(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"))
    return answer(found)


async def stop_replay(request: web.Request) -> web.Response:
    """Make nothing more due."""
    await replays.stop_replay(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"))
    return web.Response(status=204)


async def resume_replay(request: web.Request) -> web.Response:
    """Go on where it was stopped."""
    return answer(await replays.resume_replay(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id")))


_ALL = f"{API}/replays"
_ONE = f"{_ALL}/{number('id')}"

ROUTES = (
    Route(
        "GET",
        _ALL,
        "replay.read",
        RateClass.READ,
        list_replays,
        "List replays, the newest first",
        answer=Replays,
        query=ReplayQuery,
    ),
    Route(
        "POST",
        _ALL,
        "replay.start",
        RateClass.WRITE,
        start_replay,
        "Send many deliveries again, or past events to the endpoints that ask for them today",
        answer=StartedReplay,
        body=NewReplay,
        problems=("not_found", "refused"),
    ),
    Route("GET", _ONE, "replay.read", RateClass.READ, show_replay, "See how far a replay is", answer=Replay),
    Route(
        "DELETE",
        _ONE,
        "replay.stop",
        RateClass.WRITE,
        stop_replay,
        "Stop a replay; it can go on later",
        problems=("conflict",),
    ),
    Route(
        "POST",
        f"{_ONE}/resume",
        "replay.start",
        RateClass.WRITE,
        resume_replay,
        "Go on with a replay that was stopped",
        answer=Replay,
        problems=("conflict",),
    ),
)
