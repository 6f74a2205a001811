"""Parameters by which lists of events and deliveries are chosen; they are called as those of the SQL functions."""

from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from dispatcher.admin.operations.delivery_rows import ErrorClass, State
from dispatcher.admin.problems import Problem
from dispatcher.admin.queries import Page
from dispatcher.admin.values import EventPattern, Id, Moment, Text


def check_choice(resource: str | None, resource_id: str | None, since: datetime | None, until: datetime | None) -> None:
    """See that events can be meant.

    Raises:
        ValueError: none can.
    """
    if resource_id is not None and resource is None:
        raise ValueError("resource_id needs resource")
    if since is not None and until is not None and since >= until:
        raise ValueError("since has to be before until")


class EventQuery(Page):
    """Which events: all that is named has to fit."""

    type: EventPattern | None = Field(None, description="payment_transaction.created, payment_transaction.* or *.")
    resource: Text | None = Field(None, description="What the event is about: payment_transaction.")
    resource_id: Text | None = Field(None, description="Which one; needs resource.")
    since: Moment | None = Field(None, description="Events from this time on.")
    until: Moment | None = Field(None, description="Events before this time.")

    @model_validator(mode="after")
    def _can_be_meant(self) -> Self:
        check_choice(self.resource, self.resource_id, self.since, self.until)
        return self


class DeliveryQuery(EventQuery):
    """Which deliveries: all that is named has to fit; since and until are about their events."""

    endpoint_id: Id | None = None
    state: State | None = None
    error_class: ErrorClass | None = Field(None, description="Of the last attempt.")


def require_clinic(query: EventQuery, *owners: object) -> None:
    """Refuse to look for the events about one thing at all clinics: what a clinic's id is, another has as well.

    Args:
        owners: the clinic of the request, or what has one.

    Raises:
        Problem: no clinic is named.
    """
    if query.resource_id is not None and all(owner is None for owner in owners):
        raise Problem("clinic_needed", "A resource_id is a clinic's: say which clinic is meant, by ?clinic_id=...")
