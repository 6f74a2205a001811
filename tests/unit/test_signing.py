"""core.signing: Standard Webhooks signatures, by the published vectors and against the official library."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import standardwebhooks

from dispatcher.core.signing import VerificationError, sign, verify
from tests.unit.examples import KEY

RUST_KEY = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
PRIVATE_KEY = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
PUBLIC_KEY = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="

ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(TIMESTAMP), "webhook-signature": SIGNATURE}


@dataclass(frozen=True)
class Vector:
    """What a published test of a reference implementation signs, and the signature it expects."""

    name: str
    key: str
    message_id: str
    timestamp: int
    body: bytes
    signature: str
    verifying_key: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers."""
        return {
            "webhook-id": self.message_id,
            "webhook-timestamp": str(self.timestamp),
            "webhook-signature": self.signature,
        }


VECTORS = [
    Vector("reference libraries", KEY, ID, TIMESTAMP, BODY, SIGNATURE),
    Vector(
        "rust",
        RUST_KEY,
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        1649367553,
        b'{"email":"test@example.com","username":"test_user"}',
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    ),
    Vector("1 MiB", KEY, ID, TIMESTAMP, b"a" * 1048576, "v1,txpEUxqWZJ5nteTnymUVa+7C4NHpBeXJ6CsBAW0c3/A="),
    Vector("256 KiB", KEY, ID, TIMESTAMP, b"a" * 262144, "v1,Mw4Pe2WgApuT7NSqnSq0PQPV9gbLdggCl9B865x5Xh0="),
    Vector("256 KiB - 1", KEY, ID, TIMESTAMP, b"a" * 262143, "v1,NTItnqyWMoFhk2Bbe5V/BMdcFRWgcSQaTgqLHX7FC7c="),
    Vector(
        "ed25519",
        PRIVATE_KEY,
        ID,
        TIMESTAMP,
        BODY,
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
        verifying_key=PUBLIC_KEY,
    ),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vectors(vector: Vector) -> None:
    """Every published vector is signed as published, and verifies."""
    signature = sign([vector.key], vector.message_id, vector.timestamp, vector.body)
    verify([vector.verifying_key or vector.key], vector.headers, vector.body, now=vector.timestamp)

    assert signature == vector.signature


ALTERED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="  # the published negative vector
OTHER = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="  # of another key
UNKNOWN = OTHER.replace("v1,", "v2,")


@pytest.mark.parametrize(
    "signatures",
    [
        f"{OTHER} {UNKNOWN} {SIGNATURE} {OTHER}",  # published
        f"{SIGNATURE} {ALTERED}",
        f"no-comma {SIGNATURE}",
        f"v1,AAA {SIGNATURE}",
        f"{SIGNATURE}  ",
    ],
)
def test_one_good_signature_is_enough(signatures: str) -> None:
    """The good signature counts wherever it stands, whatever stands beside it."""
    verify([KEY], {**HEADERS, "webhook-signature": signatures}, BODY, now=TIMESTAMP)


@pytest.mark.parametrize(
    "signatures",
    [
        ALTERED,  # published
        f"{OTHER} {UNKNOWN}",
        SIGNATURE.replace("v1,", "v2,"),
        SIGNATURE.replace("v1,", "v1a,"),
        SIGNATURE.replace("v1,", "V1,"),
        SIGNATURE.replace("v1,", ""),  # without a comma
        SIGNATURE.replace("v1,", "v1, "),
        SIGNATURE.removesuffix("="),
        SIGNATURE + "=",
        "v1,AAA",
        "v1,",
        "v1",
        ",",
        "",
        "v1,é",
        "v1a,AAAA",
    ],
)
@pytest.mark.parametrize("key", [KEY, PUBLIC_KEY])
def test_a_bad_signature_is_refused(key: str, signatures: str) -> None:
    """What is not the signature of this request is refused with the one error that verify promises."""
    with pytest.raises(VerificationError, match="no signature matches"):
        verify([key], {**HEADERS, "webhook-signature": signatures}, BODY, now=TIMESTAMP)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(missing: str) -> None:
    """Each of the three headers is needed."""
    headers = {name: value for name, value in HEADERS.items() if name != missing}

    with pytest.raises(VerificationError, match=f"header {missing} is missing"):
        verify([KEY], headers, BODY, now=TIMESTAMP)


@pytest.mark.parametrize(
    "timestamp",
    [" 1614265330 ", "1614265330.0", "1.5", "", "-1614265330", "+1614265330", "1e9", "161426533\uff10", "9" * 13],
)
def test_a_timestamp_is_a_plain_whole_number(timestamp: str) -> None:
    """What reference libraries let pass (spaces, fractions) is refused, even with a signature that fits it."""
    headers = {**HEADERS, "webhook-timestamp": timestamp}

    with pytest.raises(VerificationError, match="not a whole number"):
        verify([KEY], headers, BODY, now=TIMESTAMP)


@pytest.mark.parametrize("clock", [TIMESTAMP + 301, TIMESTAMP - 301])
def test_too_old_or_from_the_future(clock: int) -> None:
    """More than five minutes either way is refused: a recorded request cannot be replayed for long."""
    with pytest.raises(VerificationError, match="more than 300 s away"):
        verify([KEY], HEADERS, BODY, now=clock)


@pytest.mark.parametrize(("clock", "tolerance"), [(TIMESTAMP + 300, 300), (TIMESTAMP - 300, 300), (TIMESTAMP + 9, 9)])
def test_within_tolerance(clock: int, tolerance: int) -> None:
    """Up to the tolerance, that bound included, a request verifies."""
    verify([KEY], HEADERS, BODY, now=clock, tolerance=tolerance)


def test_several_keys_sign_in_their_order() -> None:
    """During a rotation both keys sign, the newest first; a receiver with either of them can verify."""
    header = sign([RUST_KEY, KEY], ID, TIMESTAMP, BODY)
    headers = {**HEADERS, "webhook-signature": header}
    for key in (RUST_KEY, KEY):
        verify([key], headers, BODY, now=TIMESTAMP)

    assert header == f"{sign([RUST_KEY], ID, TIMESTAMP, BODY)} {SIGNATURE}"


def test_any_of_several_keys_verifies() -> None:
    """A receiver may hold several keys; without the right one the request is refused."""
    verify([RUST_KEY, KEY], HEADERS, BODY, now=TIMESTAMP)

    with pytest.raises(VerificationError, match="no signature matches"):
        verify([RUST_KEY], HEADERS, BODY, now=TIMESTAMP)
    with pytest.raises(VerificationError, match="no signature matches"):
        verify([], HEADERS, BODY, now=TIMESTAMP)


JSON_BODY = '{"type":"payment_transaction.created","data":{"name":"João"}}'


def test_the_official_library_verifies_what_we_sign() -> None:
    """A receiver with the official library accepts our request, also while two keys sign."""
    now = int(time.time())
    headers = {
        "webhook-id": ID,
        "webhook-timestamp": str(now),
        "webhook-signature": sign([RUST_KEY, KEY], ID, now, JSON_BODY.encode()),
    }

    for key in (RUST_KEY, KEY):
        verified = standardwebhooks.Webhook(key).verify(JSON_BODY.encode(), headers)

        assert verified["data"] == {"name": "João"}


def test_we_verify_what_the_official_library_signs() -> None:
    """And the other way round."""
    signature = standardwebhooks.Webhook(KEY).sign(ID, datetime.fromtimestamp(TIMESTAMP, UTC), JSON_BODY)
    verify([KEY], {**HEADERS, "webhook-signature": signature}, JSON_BODY.encode(), now=TIMESTAMP)

    assert signature == sign([KEY], ID, TIMESTAMP, JSON_BODY.encode())
