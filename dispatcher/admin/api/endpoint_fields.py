"""What an endpoint can be asked to be: the fields of the bodies that make and change one."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from dispatcher.admin.bodies import Body
from dispatcher.admin.operations.endpoint_rows import Ordering
from dispatcher.admin.values import EventPattern
from dispatcher.core.filters import MAX_BYTES, MAX_ELEMENTS, check_filter
from dispatcher.core.headers import MAX_HEADERS, check_headers
from dispatcher.core.redaction import REDACTED
from dispatcher.core.url import MAX_LENGTH, UrlPolicy, url_refusal

# What holds whatever the policy; which hosts and ports a URL may have is the database's to say (refusals.py).
_ANY_POLICY = UrlPolicy(internal_urls=True, allowed_ports=(range(1, 65536),))


def _url(text: str) -> str:
    if REDACTED in text:
        raise ValueError(
            f"has {REDACTED} in the place of a query that you are not shown: leave the URL out, or write all"
        )
    refusal = url_refusal(text, _ANY_POLICY)
    if refusal is not None:
        raise ValueError(f"{refusal.message}. {refusal.hint}")
    return text


def _headers(headers: dict[str, str]) -> dict[str, str]:
    return check_headers(headers.items())


Url = Annotated[
    str,
    Field(
        max_length=MAX_LENGTH,
        description="docs/outbound-safety.md says what is refused, and why.",
        json_schema_extra={"pattern": "^https://[!-~]+$", "examples": ["https://clinic.example/webhooks"]},
    ),
    AfterValidator(_url),
]
Description = Annotated[str, Field(max_length=1000, description="For people.")]
EventTypes = Annotated[
    list[EventPattern],
    Field(
        min_length=1,
        max_length=100,
        description="Patterns: payment_transaction.created, payment_transaction.* or *.",
    ),
]
Filter = Annotated[
    Annotated[dict[str, Any], AfterValidator(check_filter)] | None,
    Field(
        description="Only events whose data contain this object are delivered; null: all."
        f" It has at most {MAX_BYTES} bytes as text, and no array of more than {MAX_ELEMENTS} elements."
    ),
]
MaxInFlight = Annotated[int, Field(ge=1, le=1000, description="Requests at once.")]
RequestsPerSecond = Annotated[int, Field(ge=1, le=10_000)]
TimeoutSeconds = Annotated[int, Field(ge=1, le=60, description="From connecting to the last byte of the answer.")]
RetrySchedule = Annotated[list[Annotated[int, Field(ge=0, le=604_800)]], Field(min_length=1, max_length=30)]
Reason = Annotated[str, Field(min_length=1, max_length=500, description="For those who look at it later.")]
SigningKey = Annotated[
    str,
    # The base64 of 24 to 64 bytes, and of nothing else.
    Field(
        pattern=r"^whsec_([A-Za-z0-9+/]{4}){8,20}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4}([A-Za-z0-9+/]{2}==)?)?$",
        description="whsec_ and the base64 of 24 to 64 random bytes; made if left out.",
    ),
]
Headers = Annotated[
    dict[str, str],
    Field(
        max_length=MAX_HEADERS,
        description="Added to each request; docs/headers.md says what is refused.",
        json_schema_extra={"examples": [{"x-api-key": "..."}]},
    ),
    AfterValidator(_headers),
]


class NewEndpoint(Body):
    """An endpoint to be made for the clinic of the request."""

    url: Url
    event_types: EventTypes = Field(["*"])
    filter: Filter = None
    description: Description = ""
    ordering: Ordering = "none"
    max_in_flight: MaxInFlight = 10
    requests_per_second: RequestsPerSecond | None = None
    timeout_seconds: TimeoutSeconds = 20
    retry_schedule: RetrySchedule | None = None
    secret: SigningKey | None = None
    headers: Headers | None = None
    verify: bool = Field(False, description="Send a test first, and make it only if that is answered with 2xx.")


# A field that may be left out has no default: it stays as it is.
_LEFT_OUT: Any = Field(default_factory=lambda: None)


class ChangedEndpoint(Body):
    """What is to be changed of an endpoint; what is left out stays as it is."""

    url: Url = _LEFT_OUT
    event_types: EventTypes = _LEFT_OUT
    filter: Filter = _LEFT_OUT
    description: Description = _LEFT_OUT
    ordering: Ordering = _LEFT_OUT
    max_in_flight: MaxInFlight = _LEFT_OUT
    requests_per_second: RequestsPerSecond | None = _LEFT_OUT
    timeout_seconds: TimeoutSeconds = _LEFT_OUT
    retry_schedule: RetrySchedule | None = _LEFT_OUT

    def changes(self) -> dict[str, Any]:
        """The fields that were there."""
        return self.model_dump(exclude_unset=True)
