"""What Schemathesis is told of our API: it loads this module into its own process, where nothing of ours is."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

# Letters, numbers, punctuation and symbols: what people can read, without a space at either end.
READABLE = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=50)

schemathesis.openapi.format("readable", READABLE)

# What a JSON Schema cannot say, by operation and the path of the error: a request that fits the document may be refused
# for these, and for nothing else.
CURSOR = "/cursor"  # one that was never given out
URL = "/url"  # the policy for hosts and ports
HEADERS = "/headers"  # names that are ours, and what is no header
SECRET = "/secret"  # base64 of so many bytes
PAIR = "/"  # resource_id needs resource
BEYOND = {
    "GET /api/webhooks/audit": {CURSOR},
    "GET /api/webhooks/deliveries": {CURSOR, PAIR},
    "GET /api/webhooks/endpoints": {CURSOR},
    "GET /api/webhooks/events": {CURSOR, PAIR},
    "GET /api/webhooks/replays": {CURSOR},
    "GET /api/webhooks/endpoints/{id}/stats": {"/since"},  # before until, by so much at most
    "POST /api/webhooks/endpoints": {URL, HEADERS, SECRET},
    "PATCH /api/webhooks/endpoints/{id}": {URL},
    "POST /api/webhooks/endpoints/{id}/headers": {HEADERS},
    "POST /api/webhooks/endpoints/{id}/rotate-secret": {SECRET},
    "POST /api/webhooks/replays": {"/"},  # something has to be chosen, and resource_id needs resource
}


def filter_failure(_: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether it counts: not where all that was wrong is beyond the document."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    paths = {error["path"] for error in response.json().get("errors", [])}
    return not paths or not paths <= BEYOND.get(case.operation.label, set())


schemathesis.hook(filter_failure)
