"""How large the filter of an endpoint may be: every write of its clinic pays for it. The table has the same bounds."""

import json
from collections.abc import Iterator
from typing import Any

MAX_BYTES = 4096
MAX_ELEMENTS = 20

TOO_LONG = f"has more than {MAX_BYTES} bytes as text: ask for fewer fields, or filter where events are received"
TOO_MANY = (
    f"has an array of more than {MAX_ELEMENTS} elements: name fewer in it; data have to contain all of them anyway"
)
# By the constraint that refuses it.
REFUSALS = {"endpoints_filter_is_short": TOO_LONG, "endpoints_filter_arrays_are_short": TOO_MANY}


def check_filter(wanted: dict[str, Any]) -> dict[str, Any]:
    """The filter as it is.

    PostgreSQL writes out a number such as 1e300: a filter that has some may be too long for the table alone.

    Raises:
        ValueError: it is too large.
    """
    if len(json.dumps(wanted, ensure_ascii=False).encode()) > MAX_BYTES:
        raise ValueError(TOO_LONG)
    if any(len(array) > MAX_ELEMENTS for array in _arrays(wanted)):
        raise ValueError(TOO_MANY)
    return wanted


def _arrays(value: Any) -> Iterator[list[Any]]:
    """The arrays in it, however deep."""
    if isinstance(value, list):
        yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for inner in inside:
        yield from _arrays(inner)
