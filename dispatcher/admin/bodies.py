"""Bodies of requests: JSON as strictly as we write it ourselves, read into a model that knows every field.

What PostgreSQL would refuse (NUL, lone surrogates, numbers without end), and what two readers could read differently
(a name that stands twice), is refused here, with 400 and never with 500.
"""

import json
import math
import re
from typing import Any, NoReturn, TypeVar

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, ValidationError

from dispatcher.admin.problems import Problem
from dispatcher.admin.values import LARGEST_INTEGER, is_text
from dispatcher.admin.wrong import described

MOST_BYTES = 64 * 1024
DEEPEST = 32

_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


class Body(BaseModel):
    """A body: no field that we do not know, no text taken for a number; times and UUIDs are texts."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Model = TypeVar("Model", bound=Body)


async def read_body(request: web.Request, model: type[Model]) -> Model:
    """Read a request's body.

    Raises:
        Problem: it is none of these; every field that is wrong is named.
    """
    content_type, charset = request.content_type, request.charset
    if content_type != "application/json" or (charset or "utf-8").lower() != "utf-8":
        raise Problem("unsupported_media_type")
    if hdrs.CONTENT_ENCODING in request.headers:
        raise Problem("unsupported_media_type", "A compressed body is not accepted.")
    try:
        read = parse(await request.read())
        return model.model_validate_json(json.dumps(read))  # in its JSON mode: times and UUIDs are texts
    except ValidationError as error:
        raise Problem("invalid_body", errors=described(error)) from None


def parse(raw: bytes) -> dict[str, Any]:
    """A JSON object from the bytes of a body.

    Raises:
        Problem: it is not acceptable.
    """
    try:
        text = raw.decode()
        _refuse_depth(text)
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_float, parse_int=_integer
        )
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise Problem("invalid_json") from None
    if not isinstance(value, dict):
        raise Problem("invalid_json", "The body must be a JSON object.")
    _refuse_texts(value)
    return value


def _refuse_depth(text: str) -> None:
    depth = 0
    for piece in _STRUCTURE.findall(text):
        depth += (piece in ("[", "{")) - (piece in ("]", "}"))
        if depth > DEEPEST:
            raise Problem("invalid_json", f"The body is nested more than {DEEPEST} deep.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem("invalid_json", "A name stands twice in an object.")
    return found


def _refuse_constant(_: str) -> NoReturn:
    raise Problem("invalid_json", "NaN and Infinity are not JSON.")


def _float(digits: str) -> float | int:
    value = float(digits)
    if not math.isfinite(value):
        raise Problem("invalid_json", "A number is too large.")
    # To JSON Schema 30.0 is an integer, as it is to those whose language has only one kind of number.
    return int(value) if value.is_integer() and abs(value) <= LARGEST_INTEGER else value


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(value := int(digits)) > LARGEST_INTEGER:
        raise Problem("invalid_json", "A number is too large.")
    return value


def _refuse_texts(value: Any) -> None:
    """Refuse texts that PostgreSQL cannot hold, in names, too."""
    if isinstance(value, str):
        if not is_text(value):
            raise Problem("invalid_json", "A text has a NUL character, or half of a surrogate pair.")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_texts(name)
            _refuse_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_texts(inner)
