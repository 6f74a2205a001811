"""A line of the log, before it is written: a dotted name and ids; no body, no secret, no header."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dispatcher.core.storms import Subject

Level = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Line:
    """`event` is its name; fields without a value are left out. `subject`: it is one of many if that is in trouble."""

    level: Level
    event: str
    fields: Mapping[str, object]
    subject: Subject | None = None


def debug(event: str, **fields: object) -> Line:
    """What only somebody who looks for something wants to know."""
    return Line("debug", event, fields)


def info(event: str, **fields: object) -> Line:
    """What is in order."""
    return Line("info", event, fields)


def warning(event: str, **fields: object) -> Line:
    """What somebody should look at."""
    return Line("warning", event, fields)


def error(event: str, **fields: object) -> Line:
    """Something is lost, or nothing is sent any more."""
    return Line("error", event, fields)
