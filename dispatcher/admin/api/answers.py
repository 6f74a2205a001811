"""Answers as JSON: times in UTC as ISO 8601, nothing else converted."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import Field, TypeAdapter

from dispatcher.admin.problems import Problem
from dispatcher.admin.values import LARGEST_INTEGER

# What every list has beside its rows.
Next = Annotated[str | None, Field(description="The cursor of what follows; null at the end.")]


@cache
def adapter(model: type) -> TypeAdapter[Any]:
    """What knows the schema of a dataclass that answers are made of."""
    return TypeAdapter(model)


def answer(body: object, status: int = 200) -> web.Response:
    """A JSON answer: a dataclass, as the route says which one."""
    return web.Response(status=status, body=written(body).encode(), content_type="application/json")


def written(body: object) -> str:
    """A dataclass as JSON."""
    model: type = type(body)
    return json.dumps(adapter(model).dump_python(body), default=_text)


def number_in_path(request: web.Request, name: str) -> int:
    """An id that stands in the path; the route lets only digits through.

    Raises:
        Problem: there can be no such id.
    """
    number = int(request.match_info[name])
    if number > LARGEST_INTEGER:
        raise Problem("not_found")
    return number


def uuid_in_path(request: web.Request, name: str) -> UUID:
    """A UUID that stands in the path; the route lets nothing else through."""
    return UUID(request.match_info[name])


def _text(value: object) -> str:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case UUID():
            return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
