"""The request of one attempt: body bytes, standard headers, signature."""

from collections.abc import Sequence

from dispatcher.core.model import Delivery, Request
from dispatcher.core.signing import sign


def build(delivery: Delivery, keys: Sequence[str], timestamp: int, user_agent: str) -> Request:
    """The signed request for a delivery.

    Args:
        keys: the endpoint's signing keys in clear, newest first.
        timestamp: of this attempt, whole seconds since 1970, UTC; a retry has a new one, and the same id and body.

    Raises:
        InvalidKey: a key is malformed, or there is none.
    """
    body = delivery.body.encode()
    return Request(
        url=delivery.url,
        headers={
            "content-type": "application/json; charset=utf-8",
            "user-agent": user_agent,
            "accept": "*/*",
            "accept-encoding": "identity",
            "webhook-id": delivery.event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(keys, delivery.event_id, timestamp, body),
        },
        body=body,
        timeout_seconds=delivery.timeout_seconds,
    )
