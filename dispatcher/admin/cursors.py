"""Cursors: where a list goes on, as a text for URLs. They hold the values of the last row that a list is ordered by.

Nothing secret: whoever writes one sees what they may see, from another row on.
"""

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from dispatcher.admin.problems import Problem
from dispatcher.admin.values import LARGEST_INTEGER, is_text

Value = str | int | UUID | datetime
Row = TypeVar("Row")


def write_cursor(*values: Value) -> str:
    """A cursor of these values."""
    raw = json.dumps([_written(value) for value in values], separators=(",", ":")).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def cut(
    found: Sequence[Row], limit: int, place: Callable[[Row], Value | tuple[Value, ...]]
) -> tuple[list[Row], str | None]:
    """A page of `limit` rows, of which one more was looked for, and the cursor of what follows (None: nothing does).

    Args:
        place: the value, or the values, that a row stands by.
    """
    shown = list(found[:limit])
    if len(found) <= limit:
        return shown, None
    values = place(shown[-1])
    return shown, write_cursor(*(values if isinstance(values, tuple) else (values,)))


def read_cursor(text: str, *types: type) -> tuple[Any, ...]:
    """The values of a cursor: one of each of these types (str, int, UUID, datetime).

    Raises:
        Problem: it is none of such a list.
    """
    try:
        values = json.loads(b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        if not isinstance(values, list):
            raise ValueError("no list")
        return tuple(_read(value, kind) for value, kind in zip(values, types, strict=True))
    except (ValueError, RecursionError, OverflowError):  # binascii.Error is a ValueError
        errors = [{"path": "/cursor", "message": "must be `next` of an answer of this list"}]
        raise Problem("invalid_parameter", errors=errors) from None


def _written(value: Value) -> str | int:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case UUID():
            return str(value)
    return value


def _read(value: object, kind: type) -> Any:
    if kind is int:
        if type(value) is int and abs(value) <= LARGEST_INTEGER:
            return value
    elif isinstance(value, str) and is_text(value):
        if kind is not datetime:
            return kind(value)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    raise ValueError("another type")
