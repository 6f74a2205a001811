"""What Schemathesis is told of our API: it loads this module into its own process, where nothing of ours is."""

from datetime import datetime, timedelta, timezone
from typing import Any

import schemathesis
from hypothesis import strategies as st

# Letters, numbers, punctuation and symbols: what people can read, without a space at either end.
READABLE = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=50)

# Times with a zone, but for the years 1 and 9999: somewhere else they are years that there are not.
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES).map(  # noqa: DTZ001 # it gets its zone
    lambda at: at.isoformat().replace("+00:00", "Z")
)

schemathesis.openapi.format("readable", READABLE)
schemathesis.openapi.format("date-time", MOMENTS)

# What a JSON Schema cannot say, by operation and the path of the error: a request that fits the document may be refused
# for these, and for nothing else.
CURSOR = "/cursor"  # one that was never given out
URL = "/url"  # the policy for hosts and ports
HEADERS = "/headers"  # names that are ours, and what is no header
SECRET = "/secret"  # base64 of so many bytes
PAIR = "/"  # resource_id needs resource
CHOICE = "/"  # something has to be chosen
FILTER = "/filter"  # so many bytes at most, and so many elements in an array
BEYOND = {
    "GET /api/webhooks/api-keys": {CURSOR},
    "GET /api/webhooks/audit": {CURSOR},
    "GET /api/webhooks/capture-errors": {CURSOR},
    "GET /api/webhooks/deliveries": {CURSOR, PAIR},
    "GET /api/webhooks/endpoints": {CURSOR},
    "GET /api/webhooks/events": {CURSOR, PAIR},
    "GET /api/webhooks/replays": {CURSOR},
    "GET /api/webhooks/endpoints/{id}/stats": {"/since"},  # before until, by so much at most
    "POST /api/webhooks/endpoints": {URL, HEADERS, SECRET, FILTER},
    "PATCH /api/webhooks/endpoints/{id}": {URL, FILTER},
    "POST /api/webhooks/endpoints/{id}/headers": {HEADERS},
    "POST /api/webhooks/endpoints/{id}/rotate-secret": {SECRET},
    "POST /api/webhooks/cancellations": {CHOICE, PAIR},
    "POST /api/webhooks/recaptures": {CHOICE},
    "POST /api/webhooks/replays": {CHOICE, PAIR},
}
# Where a body may hold any JSON: a whole number in it has to fit into 64 bits, wherever it stands.
ANY_JSON = {"POST /api/webhooks/endpoints", "PATCH /api/webhooks/endpoints/{id}"}
TOO_LARGE = ("invalid_json", "A number is too large.")


def filter_failure(_: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether it counts: not where all that was wrong is beyond the document."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    problem, label = response.json(), case.operation.label
    if (problem["code"], problem["detail"]) == TOO_LARGE:
        return label not in ANY_JSON
    paths = {error["path"] for error in problem.get("errors", [])}
    return not paths or not paths <= BEYOND.get(label, set())


schemathesis.hook(filter_failure)
