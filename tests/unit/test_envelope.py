"""core.envelope: the request of one attempt."""

from dataclasses import replace

import pytest

from dispatcher.core.envelope import build
from dispatcher.core.model import Header, Request
from dispatcher.core.signing import InvalidKey, sign, verify
from tests.unit.examples import HEADER_VALUE, KEY, REQUEST_ID, TRACEPARENT, delivery

OLD_KEY = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
AGENT = "outbound-webhooks/1.2.3"
TIMESTAMP = 1772442000


def test_the_request() -> None:
    """A POST to the endpoint of the stored body, byte for byte, with these headers and no others."""
    owed = delivery()
    body = owed.body.encode()

    assert build(owed, [KEY], {}, TIMESTAMP, AGENT) == Request(
        method="POST",
        url="https://receiver.example/hooks",
        headers={
            "content-type": "application/json; charset=utf-8",
            "user-agent": AGENT,
            "accept": "*/*",
            "accept-encoding": "identity",
            "webhook-id": owed.event_id,
            "webhook-timestamp": "1772442000",
            "webhook-signature": sign([KEY], owed.event_id, TIMESTAMP, body),
            "traceparent": TRACEPARENT,
            "webhook-request-id": REQUEST_ID,
        },
        body=body,
        timeout_seconds=30.0,
    )


def test_an_event_of_no_trace() -> None:
    """What its transaction did not say of itself is no header."""
    headers = build(delivery(traceparent=None, request_id=None), [KEY], {}, TIMESTAMP, AGENT).headers

    assert not {"traceparent", "webhook-request-id"} & set(headers)


def test_the_clinics_headers_come_with_it() -> None:
    """They are sent as they are; whatever is named like one of ours, ours is sent."""
    owed = delivery()
    ours = build(owed, [KEY], {}, TIMESTAMP, AGENT).headers
    theirs = {"authorization": "Bearer abc", "x-api-key": "a b", **dict.fromkeys(ours, "theirs")}

    request = build(owed, [KEY], theirs, TIMESTAMP, AGENT)

    assert request.headers == {"authorization": "Bearer abc", "x-api-key": "a b", **ours}


def test_a_repr_shows_nothing_that_is_secret() -> None:
    """Neither a delivery nor its request, printed or in an error, has a key, a header or the body."""
    owed = delivery(headers=(Header("x-api-key", HEADER_VALUE, None), Header("x-b", None, "v1.k1.sealed")))

    shown = repr(owed) + repr(build(owed, [KEY], {"x-api-key": HEADER_VALUE}, TIMESTAMP, AGENT))

    assert "x-api-key" in shown
    assert not any(text in shown for text in (KEY, HEADER_VALUE, "v1.k1.sealed", "ação", "v1,"))


@pytest.mark.parametrize(
    "body", ["{}", ' {"b": 1,\n"a":2.50} ', '{"name":"João 🦷"}', '{"name":"\\u00e3"}', "é" * 70000]
)
def test_the_body_is_never_rebuilt(body: str) -> None:
    """Spaces, order, escapes: what was stored is what is sent and signed."""
    request = build(delivery(body=body), [KEY], {}, TIMESTAMP, AGENT)
    verify([KEY], request.headers, body.encode(), now=TIMESTAMP)

    assert request.body.decode() == body


def test_a_retry_has_the_same_id_and_body() -> None:
    """Receivers tell duplicates by the id; only the time of the attempt, and so the signature, is new."""
    first = build(delivery(), [KEY], {}, TIMESTAMP, AGENT)
    again = build(delivery(attempt_number=2, failure_count=1, lease_token=6), [KEY], {}, TIMESTAMP + 60, AGENT)
    changed = {name for name in first.headers if first.headers[name] != again.headers[name]}

    assert changed == {"webhook-timestamp", "webhook-signature"}
    assert replace(first, headers={}) == replace(again, headers={})


def test_both_keys_sign_during_a_rotation() -> None:
    """Each of the keys verifies the request by itself."""
    request = build(delivery(), [KEY, OLD_KEY], {}, TIMESTAMP, AGENT)
    for key in (KEY, OLD_KEY):
        verify([key], request.headers, request.body, now=TIMESTAMP)

    assert len(request.headers["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize("keys", [[], ["whsec_"], [KEY, "whsec_short"]])
def test_without_good_keys_there_is_no_request(keys: list[str]) -> None:
    """One bad key is enough: a delivery is sent with all of its signatures, or not at all."""
    with pytest.raises(InvalidKey):
        build(delivery(), keys, {}, TIMESTAMP, AGENT)
