"""Values that come with requests, in their URL or their body, and how strictly they are read."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic.config import JsonDict

from dispatcher.core.identity import LONGEST_NAME, is_name

LARGEST_INTEGER = 2**63 - 1  # bigint

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")


def is_text(text: str) -> bool:
    """Whether PostgreSQL can hold a text: no NUL, and no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError("must be 1 to 200 readable characters, without a space at either end")
    return text


def _moment(value: object) -> datetime:
    """Without this, a number would be read as seconds, and a date as midnight."""
    try:
        # The year 1 somewhere is the year 0 in UTC, which neither Python nor PostgreSQL has.
        if isinstance(value, str) and _MOMENT.fullmatch(value) and "0002" <= value[:4] <= "9998":
            return datetime.fromisoformat(value)
    except ValueError:  # whose text repeats what was sent
        pass
    raise ValueError("must be a time with its zone, like 2026-03-02T09:00:00Z")


def _digits(value: object) -> object:
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("must be a whole number")
    return value


def _flag(value: object) -> bool:
    """Without this, yes, on and 1 would be read as true."""
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value == "true"


# A format of ours, in the words of JSON Schema: text that people can read, without a space at either end.
READABLE: JsonDict = {"format": "readable"}

# The id of a user or a clinic.
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, json_schema_extra=READABLE), AfterValidator(_name)]
# A moment: ISO 8601 with its zone.
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
# Makes a whole number strict where it is text; it stands last: Annotated[int, Field(ge=1, le=200), Digits].
Digits = BeforeValidator(_digits)
# A yes or no in a URL.
Flag = Annotated[bool, BeforeValidator(_flag)]
# Which event types: one, those about one kind of thing, or all.
EventPattern = Annotated[str, Field(pattern=r"^(\*|[a-zA-Z0-9_]{1,64}\.(\*|[a-zA-Z0-9_]{1,64}))$")]
# What is looked for.
Text = Annotated[str, Field(min_length=1, max_length=200)]
# The id of a row.
Id = Annotated[int, Field(ge=1, le=LARGEST_INTEGER), Digits]
