"""The request of one attempt: body bytes, the clinic's headers, standard headers, signature."""

from collections.abc import Mapping, Sequence

from dispatcher.core.model import Delivery, Request
from dispatcher.core.signing import sign


def build(
    delivery: Delivery, keys: Sequence[str], headers: Mapping[str, str], timestamp: int, user_agent: str
) -> Request:
    """The signed request for a delivery.

    Args:
        keys: the endpoint's signing keys in clear, newest first.
        headers: the endpoint's own, in clear, by lower-case name, checked (core.headers).
        timestamp: of this attempt, whole seconds since 1970, UTC; a retry has a new one, and the same id and body.

    Raises:
        InvalidKey: a key is malformed, or there is none.
    """
    body = delivery.body.encode()
    return Request(
        url=delivery.url,
        # Ours come last: nothing takes their place, whatever the rules for those of the endpoint let through.
        headers={
            **headers,
            **our_headers(
                delivery.event_id,
                timestamp=str(timestamp),
                signature=sign(keys, delivery.event_id, timestamp, body),
                user_agent=user_agent,
                traceparent=delivery.traceparent,
                request_id=delivery.request_id,
            ),
        },
        body=body,
        timeout_seconds=delivery.timeout_seconds,
    )


def our_headers(
    event_id: str, *, timestamp: str, signature: str, user_agent: str, traceparent: str | None, request_id: str | None
) -> dict[str, str]:
    """The headers that every request has, by lower-case name.

    Args:
        traceparent, request_id: what the event's transaction said of itself. The parent is passed on as it is: an
            attempt makes no span.
    """
    origin = {"traceparent": traceparent, "webhook-request-id": request_id}
    return {
        "content-type": "application/json; charset=utf-8",
        "user-agent": user_agent,
        "accept": "*/*",
        "accept-encoding": "identity",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
        **{name: value for name, value in origin.items() if value is not None},
    }


def user_agent(version: str) -> str:
    """What we call ourselves."""
    return f"outbound-webhooks/{version}"
