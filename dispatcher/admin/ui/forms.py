"""What people fill in: forms, and filters in the URL. The same models as the API's read both."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import psycopg
from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from dispatcher.admin.problems import CODES, Problem
from dispatcher.admin.refusals import refusal
from dispatcher.admin.values import is_text
from dispatcher.admin.wrong import described

MOST_FIELDS = 500
WHOLE = ""  # the name under which stands what is wrong with no field alone

_NUMBER = re.compile(r"[0-9]{1,19}")

Model = TypeVar("Model", bound=BaseModel)


class Invalid(Exception):
    """What is wrong with a form, by the name of the field; WHOLE: with all of it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("a form is not valid")
        self.errors = dict(errors)

    @classmethod
    def of(cls, errors: Sequence[Mapping[str, str]]) -> "Invalid":
        """From errors as problems have them: the first of each field."""
        found: dict[str, str] = {}
        for error in errors:
            found.setdefault(error["path"].strip("/").partition("/")[0], error["message"])
        return cls(found)


def whole(text: str) -> int | str | None:
    """A whole number as JSON has it; None: nothing is there; or the text that is none, for a model to refuse."""
    return int(text) if _NUMBER.fullmatch(text) else text or None


class Form(Mapping[str, str]):
    """The fields of a form; a missing one is ''."""

    def __init__(self, fields: Sequence[tuple[str, str]] = ()) -> None:
        self._fields = [(name, value.replace("\r\n", "\n")) for name, value in fields]

    def __getitem__(self, name: str) -> str:
        return next((value for field, value in self._fields if field == name), "")

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._fields))

    def __len__(self) -> int:
        return len(dict(self._fields))

    def text(self, name: str) -> str:
        """A field, without spaces around it."""
        return self[name].strip()

    def texts(self, name: str) -> list[str]:
        """All fields of a name, such as ticked boxes."""
        return [value.strip() for field, value in self._fields if field == name]

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self[name] != ""

    def whole(self, name: str) -> int | str | None:
        """A field that holds a whole number: see whole()."""
        return whole(self.text(name))

    def model(self, model: type[Model], values: Mapping[str, Any]) -> Model:
        """A model of these values, read as a body of the API is.

        Raises:
            Invalid: they are not valid; every field that is wrong is named.
        """
        try:
            return model.model_validate_json(json.dumps(values))
        except ValidationError as error:
            raise Invalid.of(described(error)) from None


async def read_form(request: web.Request) -> Form:
    """Read the form of a request; none is an empty one.

    Raises:
        Problem: it is none, or has what PostgreSQL cannot hold.
    """
    raw = await request.read()
    if not raw:
        return Form()
    if request.content_type != "application/x-www-form-urlencoded" or hdrs.CONTENT_ENCODING in request.headers:
        raise Problem("unsupported_media_type", "A form is needed here.")
    try:
        text = raw.decode()
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem("bad_request") from None
    return _form_of(fields)


def form_of_query(request: web.Request) -> Form:
    """The parameters of a URL, as a form that is sent with GET.

    Raises:
        Problem: they have what PostgreSQL cannot hold.
    """
    return _form_of(list(request.query.items()))


def _form_of(fields: Sequence[tuple[str, str]]) -> Form:
    if not all(is_text(part) for field in fields for part in field):
        raise Problem("bad_request", "A text has a NUL character, or half of a surrogate pair.")
    return Form(fields)


def read_filters(request: web.Request, model: type[Model]) -> tuple[Model, dict[str, str]]:
    """The parameters of a URL that a model knows, and what is wrong with those that are left out for that.

    Forms send empty fields, which are no filters; a link of yesterday may have a parameter that nobody knows.
    """
    given = {name: request.query[name].strip() for name in model.model_fields if request.query.get(name, "").strip()}
    wrong = {name: "must be text without NUL" for name, value in given.items() if not is_text(value)}
    for _ in range(2):
        try:
            return model.model_validate({name: value for name, value in given.items() if name not in wrong}), wrong
        except ValidationError as error:
            wrong |= Invalid.of(described(error)).errors
    raise Problem("invalid_parameter")


@contextmanager
def inline(field: str = WHOLE) -> Iterator[None]:
    """Turn what an operation refuses, and the person can mend, into errors of the form.

    Args:
        field: the one that a refusal is about which names none.

    Raises:
        Invalid: in place of such a refusal.
    """
    try:
        yield
    except psycopg.Error as error:
        refused = refusal(error)
        if refused is None or refused.code == "not_found":
            raise
        raise _invalid(refused, field) from None
    except Problem as problem:
        if problem.code in ("not_found", "forbidden", "rate_limited"):
            raise
        raise _invalid(problem, field) from None


def _invalid(problem: Problem, field: str) -> Invalid:
    if problem.errors:
        return Invalid.of(problem.errors)
    return Invalid({field: problem.detail or CODES[problem.code][1]})
