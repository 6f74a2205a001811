"""cancellations: many deliveries are given up at once."""

from typing import Annotated, Literal, Self

from aiohttp import web
from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from dispatcher.admin.api.answers import answer
from dispatcher.admin.api.choices import check_choice
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.counting import counting
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.cancellations import Cancelled, cancel_deliveries
from dispatcher.admin.routes import API, Route
from dispatcher.admin.values import EventPattern, Id, Moment, Text

# Of these one has to be named: a body that was left out is no wish to give up everything.
CHOICES = ("endpoint_id", "type", "since", "until", "resource")

_NULL: JsonDict = {"type": "null"}
_CAN_BE_MEANT: JsonDict = {
    "allOf": [
        {"anyOf": [{"required": [name], "properties": {name: {"not": _NULL}}} for name in CHOICES]},
        {
            "anyOf": [
                {"properties": {"resource_id": _NULL}},
                {"required": ["resource"], "properties": {"resource": {"not": _NULL}}},
            ]
        },
    ]
}


class NewCancellation(Body):
    """Which deliveries are given up: all that is named has to fit. What is on its way is not touched."""

    model_config = ConfigDict(json_schema_extra=_CAN_BE_MEANT)

    endpoint_id: Id | None = None
    type: EventPattern | None = Field(
        None, description="Of the events: payment_transaction.created, payment_transaction.* or *."
    )
    state: Literal["pending", "parked"] | None = Field(None, description="Of the deliveries; null: both.")
    since: Moment | None = Field(None, description="Events from this time on; 1970-01-01T00:00:00Z means all.")
    until: Moment | None = Field(None, description="Events before this time.")
    resource: Text | None = Field(None, description="Of the events: what they are about, payment_transaction.")
    resource_id: Text | None = Field(None, description="Which one; needs resource.")
    reason: Annotated[str, Field(min_length=1, max_length=500, description="Stays with the deliveries.")] = (
        "cancelled by hand"
    )
    dry_run: bool = Field(False, description="True: say how many there are, and do nothing.")

    @model_validator(mode="after")
    def _can_be_meant(self) -> Self:
        if all(getattr(self, name) is None for name in CHOICES):
            raise ValueError(f"nothing is chosen: name {', '.join(CHOICES)}; since 1970-01-01T00:00:00Z means all")
        check_choice(self.resource, self.resource_id, self.since, self.until)
        return self


async def cancel(request: web.Request) -> web.Response:
    """Give them up, so many at once; or count them."""
    body = await read_body(request, NewCancellation)
    deps, visit = request.app[DEPS], request[VISIT]
    with counting(deps, visit):
        return answer(await cancel_deliveries(deps.pool, visit, body.model_dump()))


ROUTES = (
    Route(
        "POST",
        f"{API}/cancellations",
        "delivery.cancel",
        RateClass.WRITE,
        cancel,
        "Give up many deliveries that wait or are parked",
        answer=Cancelled,
        body=NewCancellation,
        problems=("not_found", "refused"),
    ),
)
