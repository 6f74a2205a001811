"""Which fields of a request are wrong, and how: where and what, without what was sent."""

from pydantic import ValidationError

_MOST = 50


def described(error: ValidationError) -> list[dict[str, str]]:
    """What a model found, for the `errors` of a problem. What was sent may be a secret in the wrong place."""
    return [
        {"path": "/" + "/".join(map(str, found["loc"])), "message": found["msg"].removeprefix("Value error, ")}
        for found in error.errors(include_url=False, include_input=False, include_context=False)[:_MOST]
    ]
