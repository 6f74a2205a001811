"""The form of an endpoint: what its fields hold, and what they ask for, as the models of the API read it.

A form that changes an endpoint has a mark of each option as it was shown. What is the same when it comes back was left
alone, and is not sent: so nobody takes back what somebody else changed in the meantime.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from pydantic import BaseModel

from dispatcher.admin.api.endpoint_fields import ChangedEndpoint, NewEndpoint
from dispatcher.admin.bodies import parse
from dispatcher.admin.operations.endpoint_rows import Endpoint
from dispatcher.admin.problems import Problem
from dispatcher.admin.ui.forms import Form, Invalid, whole
from dispatcher.admin.ui.language import N_

NUMBERS = ("max_in_flight", "requests_per_second", "timeout_seconds")
MAY_BE_EMPTY = ("requests_per_second",)
TEXTS = ("url", "description", "ordering")
MARK = "was."  # before an option's name: the field with its mark

NO_NUMBER = N_("must be a whole number")
NO_NUMBERS = N_("must be whole numbers of seconds, with commas between them")
NO_OBJECT = N_('must be a JSON object, such as {"status": "paid"}, with each name once')
NO_HEADERS = N_("must be lines of a name, a colon and a value")
TWICE = N_("a name stands there twice")

_SPACES = re.compile(r"[\s,]+")
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Given:
    """What a form asks an endpoint to be: its options as JSON, and which of them have no form that any model reads."""

    options: Mapping[str, Any]
    errors: Mapping[str, str]

    def model(self, model: type[Model], **more: Any) -> Model:
        """A model of the options, and more.

        Raises:
            Invalid: with every field that is wrong.
        """
        try:
            made = Form().model(model, {**self.options, **more})
        except Invalid as error:
            raise Invalid({**error.errors, **self.errors}) from None
        if self.errors:
            raise Invalid(self.errors)
        return made

    def only(self, names: Collection[str]) -> "Given":
        """The same of these options alone."""
        return Given(
            {name: value for name, value in self.options.items() if name in names},
            {name: message for name, message in self.errors.items() if name in names},
        )


def given(form: Form) -> Given:
    """What the fields of a form say; those that are not there say nothing."""
    there, found = set(form), numbers(form, NUMBERS, MAY_BE_EMPTY)
    options, errors = dict(found.options), dict(found.errors)
    options |= {name: form.text(name) for name in TEXTS if name in there}
    if there & {"event_types", "patterns"}:
        options["event_types"] = sorted({*form.texts("event_types"), *_words(form.text("patterns"))})
    if "filter" in there:
        options["filter"] = None
        try:
            options["filter"] = _object(form.text("filter"))
        except Problem:
            errors["filter"] = NO_OBJECT
    if "retry_schedule" in there:
        schedule = [whole(word) for word in _words(form.text("retry_schedule"))]
        options["retry_schedule"] = schedule or None
        if any(isinstance(step, str) for step in schedule):
            errors["retry_schedule"] = NO_NUMBERS
    return Given(options, errors)


def numbers(form: Form, names: Collection[str], may_be_empty: Collection[str] = ()) -> Given:
    """The fields of a form that hold whole numbers."""
    options = {name: form.whole(name) for name in set(form).intersection(names)}
    wrong = [
        name
        for name, value in options.items()
        if isinstance(value, str) or (value is None and name not in may_be_empty)
    ]
    return Given(options, dict.fromkeys(wrong, NO_NUMBER))


def wanted_endpoint(form: Form) -> NewEndpoint:
    """The endpoint that a form asks for.

    Raises:
        Invalid: what it says is not valid.
    """
    found, more, wrong = given(form), dict[str, Any](), dict[str, str]()
    if form.text("headers"):
        try:
            more["headers"] = read_headers(form.text("headers"))
        except Invalid as error:
            wrong = error.errors
    return Given(found.options, {**found.errors, **wrong}).model(NewEndpoint, verify=form.flag("verify"), **more)


def changed_options(form: Form) -> ChangedEndpoint:
    """What a form asks to be changed: the options that are not as they were shown.

    Raises:
        Invalid: what it says of these is not valid.
    """
    found = given(form)
    changed = {
        name
        for name, value in found.options.items()
        if name in found.errors or mark(value) != form.text(f"{MARK}{name}")
    }
    return found.only(changed).model(ChangedEndpoint)


def fields_of(endpoint: Endpoint, offered: Collection[str]) -> Form:
    """The fields of a form that shows an endpoint as it is, with their marks.

    Args:
        offered: the patterns that the form has boxes for; the others stand in a line.
    """
    fields = list(_shown(endpoint, offered))
    marks = [(f"{MARK}{name}", mark(value)) for name, value in given(Form(fields)).options.items()]
    return Form([*fields, *marks])


def _shown(endpoint: Endpoint, offered: Collection[str]) -> Iterator[tuple[str, str]]:
    for name in (*TEXTS, *NUMBERS):
        value = getattr(endpoint, name)
        yield name, "" if value is None else str(value).strip()
    yield from (("event_types", name) for name in endpoint.event_types if name in offered)
    yield "patterns", " ".join(name for name in endpoint.event_types if name not in offered)
    yield "filter", "" if endpoint.filter is None else json.dumps(endpoint.filter, indent=2, ensure_ascii=False)
    yield "retry_schedule", ", ".join(str(step) for step in endpoint.retry_schedule or ())


def mark(value: Any) -> str:
    """What an option is known by again, without what it says: an error page or a log may have it."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:24]


def read_headers(text: str) -> dict[str, str]:
    """Headers from lines of a name, a colon and a value.

    Raises:
        Invalid: they are none, or have a name twice; under `headers`, without what was sent.
    """
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon:
            raise Invalid({"headers": NO_HEADERS})
        if name.strip().lower() in found:
            raise Invalid({"headers": TWICE})
        found[name.strip().lower()] = value.strip()
    return found


def _object(text: str) -> dict[str, Any] | None:
    """A filter; none where there is no text."""
    return parse(text.encode()) if text else None


def _words(text: str) -> Iterable[str]:
    return [word for word in _SPACES.split(text) if word]
