"""What a line of the audit log has to say, as people read it: what it was, and what it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST = 2000  # characters of a value; rules and schemas may be longer


@dataclass(frozen=True)
class Difference:
    """A field that was changed; None: it was not there or held nothing, or does so now."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Details:
    """The details of a line.

    Attributes:
        changed: what was changed.
        said: what else is said, by name.
    """

    changed: list[Difference]
    said: dict[str, str]


def described(details: Mapping[str, Any]) -> Details:
    """The details of a line, as the log has them."""
    before, after = (_fields(details.get(side)) for side in ("before", "after"))
    changed = [
        Difference(name, *(None if side.get(name) is None else _text(side[name]) for side in (before, after)))
        for name in sorted(before.keys() | after.keys())
    ]
    return Details(changed, {name: _text(value) for name, value in details.items() if not _is_side(name, value)})


def _is_side(name: str, value: object) -> bool:
    return name in ("before", "after") and isinstance(value, dict)


def _fields(side: object) -> Mapping[str, Any]:
    return side if isinstance(side, dict) else {}


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST else f"{text[:MOST]}…"
