"""Times that people type into a filter: a browser writes them without a zone; here that is UTC."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator

from dispatcher.admin.values import Moment

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WITHOUT_ZONE = re.compile(_DAY.pattern + r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")


def zoned(value: object) -> object:
    """A time with its zone, where it had none; anything else as it is."""
    if not isinstance(value, str):
        return value
    if _DAY.fullmatch(value):
        return f"{value}T00:00Z"
    return f"{value}Z" if _WITHOUT_ZONE.fullmatch(value) else value


def for_field(at: datetime | None) -> str:
    """A time as `<input type="datetime-local">` takes it."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


# A time that may come without a zone, and is in UTC then.
LocalMoment = Annotated[Moment, BeforeValidator(zoned)]
