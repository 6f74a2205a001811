"""core.signing, for arbitrary messages: what was signed verifies, and nothing else does."""

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.signing import InvalidKey, VerificationError, generate_secret, sign, verify

TIMESTAMPS = st.integers(0, 10**11)
IDS = st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=64)
BODIES = st.binary(max_size=200)
KEY_BYTES = st.binary(min_size=24, max_size=64)
KEYS = KEY_BYTES.map(lambda raw: "whsec_" + base64.b64encode(raw).decode())


def signed(keys: list[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a signed request."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(keys, message_id, timestamp, body),
    }


def replaced(data: bytes, position: int, byte: int) -> bytes:
    """The same bytes but for one, which is another one."""
    at = position % len(data)
    return data[:at] + bytes([(data[at] + byte) % 256]) + data[at + 1 :]


def refused(keys: list[str], headers: dict[str, str], body: bytes, now: int) -> None:
    """The request does not verify."""
    with pytest.raises(VerificationError):
        verify(keys, headers, body, now)


@given(st.lists(KEYS, min_size=1, max_size=3), IDS, TIMESTAMPS, BODIES, st.data())
def test_round_trip(keys: list[str], message_id: str, timestamp: int, body: bytes, data: st.DataObject) -> None:
    """Each of the keys that signed verifies, within the tolerance and not beyond it."""
    headers = signed(keys, message_id, timestamp, body)
    key = data.draw(st.sampled_from(keys))
    verify([key], headers, body, now=timestamp + data.draw(st.integers(-300, 300)))

    refused([key], headers, body, now=timestamp + data.draw(st.integers(301, 10**6)))
    refused([key], headers, body, now=timestamp - data.draw(st.integers(301, 10**6)))


@given(KEYS, IDS, TIMESTAMPS, BODIES.filter(len), st.integers(0), st.integers(1, 255))
def test_another_body(key: str, message_id: str, timestamp: int, body: bytes, position: int, byte: int) -> None:
    """One byte of the body changed, one left out, or one more: refused."""
    headers = signed([key], message_id, timestamp, body)

    refused([key], headers, replaced(body, position, byte), timestamp)
    refused([key], headers, body[:-1], timestamp)
    refused([key], headers, body + bytes([byte]), timestamp)


@given(KEYS, IDS, TIMESTAMPS, BODIES, st.integers(0), st.integers(1, 255))
def test_another_id(key: str, message_id: str, timestamp: int, body: bytes, position: int, byte: int) -> None:
    """One character of the id changed: refused."""
    headers = signed([key], message_id, timestamp, body)
    other = replaced(message_id.encode(), position, byte).decode("latin-1")

    refused([key], {**headers, "webhook-id": other}, body, timestamp)


@given(KEYS, IDS, TIMESTAMPS, BODIES, st.integers(0), st.integers(1, 9))
def test_another_timestamp(key: str, message_id: str, timestamp: int, body: bytes, position: int, digit: int) -> None:
    """One digit of the timestamp changed, or a zero put in front of it: refused, though the clock agrees with it."""
    headers = signed([key], message_id, timestamp, body)
    digits = str(timestamp)
    at = position % len(digits)
    other = digits[:at] + str((int(digits[at]) + digit) % 10) + digits[at + 1 :]

    refused([key], {**headers, "webhook-timestamp": other}, body, int(other))
    refused([key], {**headers, "webhook-timestamp": "0" + digits}, body, timestamp)


@given(KEYS, IDS, TIMESTAMPS, BODIES, st.integers(0), st.integers(1, 255))
def test_another_signature(key: str, message_id: str, timestamp: int, body: bytes, position: int, byte: int) -> None:
    """One byte of the signature changed, or one left out: refused."""
    headers = signed([key], message_id, timestamp, body)
    raw = base64.b64decode(headers["webhook-signature"].removeprefix("v1,"))

    for other in (replaced(raw, position, byte), raw[:-1], raw + bytes([byte])):
        text = "v1," + base64.b64encode(other).decode()
        refused([key], {**headers, "webhook-signature": text}, body, timestamp)


@given(KEYS, IDS, TIMESTAMPS, BODIES, st.integers(0), st.characters(codec="utf-8"))
def test_another_signature_header(
    key: str, message_id: str, timestamp: int, body: bytes, position: int, character: str
) -> None:
    """One character of the header changed: refused, unless what it says in base64 is still the same signature."""
    headers = signed([key], message_id, timestamp, body)
    header = headers["webhook-signature"]
    at = position % len(header)
    other = header[:at] + character + header[at + 1 :]
    try:
        verify([key], {**headers, "webhook-signature": other}, body, timestamp)
    except VerificationError:
        assert other != header
    else:
        assert other[:3] == "v1,"
        assert base64.b64decode(other[3:]) == base64.b64decode(header[3:])


@given(KEY_BYTES, IDS, TIMESTAMPS, BODIES, st.integers(0), st.integers(1, 255))
def test_another_key(raw: bytes, message_id: str, timestamp: int, body: bytes, position: int, byte: int) -> None:
    """A key that differs in one byte does not verify."""
    key, other = ("whsec_" + base64.b64encode(b).decode() for b in (raw, replaced(raw, position, byte)))

    refused([other], signed([key], message_id, timestamp, body), body, timestamp)


@given(KEYS | st.text(max_size=100).map("whsec_".__add__) | st.text(max_size=100))
def test_a_key_signs_or_is_refused(key: str) -> None:
    """Whatever a key is: a signature, or the one error that says what is wrong with it without repeating it."""
    try:
        shown = sign([key], "msg", 1, b"")
    except InvalidKey as error:
        shown = str(error)
    else:
        assert 24 <= len(base64.b64decode(key[6:], validate=True)) <= 64
        assert shown.startswith("v1,")

    assert len(key) < 40 or key[6:] not in shown


HEADERS = st.dictionaries(
    st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
    st.text(max_size=60) | st.sampled_from(["0", "5", "v1,", "v1,AAAA", "v1a,AAAA v1,====", "v1,é"]),
)


@given(HEADERS, BODIES)
def test_headers_of_a_stranger_are_refused(headers: dict[str, str], body: bytes) -> None:
    """Whatever headers arrive, without the key they are refused, by the one error that verify promises."""
    refused([generate_secret(secrets.token_bytes)], headers, body, now=5)
