"""How many of a clinic's last events a form's subscription would have chosen, beside the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from aiohttp import web

from dispatcher.admin.api.endpoint_fields import ChangedEndpoint
from dispatcher.admin.counting import counting
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.operations.subscriptions import LATELY, Chosen, count_chosen
from dispatcher.admin.problems import Problem
from dispatcher.admin.ui.endpoint_form import given
from dispatcher.admin.ui.forms import Form, Invalid

SUBSCRIPTION = ("event_types", "filter")


@dataclass(frozen=True)
class Preview:
    """What would have been chosen, of events no older than `lately`; what is wrong with the form; or neither.

    Neither: others are counting.
    """

    counted: Chosen | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    lately: ClassVar[timedelta] = LATELY


async def preview_of(request: web.Request, clinic_id: str, form: Form) -> Preview:
    """The preview of what stands in a form.

    Raises:
        Problem: others are counting.
    """
    try:
        wanted = given(form).only(SUBSCRIPTION).model(ChangedEndpoint)
    except Invalid as error:
        return Preview(errors=error.errors)
    deps, visit = request.app[DEPS], request[VISIT]
    with counting(deps, visit):
        return Preview(await count_chosen(deps.pool, visit, clinic_id, wanted.event_types or [], wanted.filter))


async def preview_beside(request: web.Request, clinic_id: str, form: Form) -> Preview:
    """The same, for a page that is about more: it is shown also while others are counting."""
    try:
        return await preview_of(request, clinic_id, form)
    except Problem as problem:
        if problem.code != "unavailable":
            raise
        return Preview()
