"""Answers as JSON: times in UTC as ISO 8601, nothing else converted."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from dispatcher.admin.problems import Problem


def answer(body: Mapping[str, Any], status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(status=status, body=json.dumps(body, default=_text).encode(), content_type="application/json")


def number_in_path(request: web.Request, name: str) -> int:
    """An id that stands in the path; the route lets only digits through.

    Raises:
        Problem: there can be no such id.
    """
    number = int(request.match_info[name])
    if number >= 2**63:
        raise Problem("not_found")
    return number


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
