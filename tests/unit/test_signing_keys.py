"""core.signing: which keys sign, and how new ones are made."""

import base64
import secrets

import pytest

from dispatcher.core.signing import InvalidKey, generate_secret, sign, verify
from tests.unit.examples import KEY
from tests.unit.test_signing import BODY, HEADERS, ID, PUBLIC_KEY, TIMESTAMP


def key_of(size: int, prefix: str = "whsec_") -> str:
    """A key of so many bytes."""
    return prefix + base64.b64encode(bytes(range(size))).decode()


BAD_KEYS = {
    "upper-case prefix": (KEY.replace("whsec_", "WHSEC_"), "begins with whsec_"),
    "no prefix": (KEY.removeprefix("whsec_"), "begins with whsec_"),
    "nothing": ("", "begins with whsec_"),
    "space before": (" " + KEY, "begins with whsec_"),
    "space behind": (KEY + " ", "is not base64"),
    "prefix only": ("whsec_", "24 to 64 bytes, not 0"),
    "6 bytes": ("whsec_MfKQ9r8G", "24 to 64 bytes, not 6"),
    "23 bytes": (key_of(23), "24 to 64 bytes, not 23"),
    "65 bytes": (key_of(65), "24 to 64 bytes, not 65"),
    "not base64": ("whsec_" + "!" * 32, "is not base64"),
    "base64 for URLs": ("whsec_" + "-_" * 16, "is not base64"),
    "no padding": (key_of(25).rstrip("="), "is not base64"),
    "not ASCII": ("whsec_" + "é" * 32, "is not base64"),
    "ed25519 of 32 bytes": (key_of(32, "whsk_"), "64 bytes, not 32"),
    "public": (PUBLIC_KEY, "begins with whsec_"),
}


@pytest.mark.parametrize(("key", "message"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_bad_key_does_not_sign(key: str, message: str) -> None:
    """A malformed key is refused by a message that says how it is malformed, and does not repeat it."""
    with pytest.raises(InvalidKey, match=message) as refused:
        sign([key], ID, TIMESTAMP, BODY)

    assert len(key) < 8 or key[6:] not in str(refused.value)


@pytest.mark.parametrize("size", [24, 64])
def test_the_smallest_and_the_largest_key(size: int) -> None:
    """24 and 64 bytes are within the bounds of the specification."""
    header = sign([key_of(size)], ID, TIMESTAMP, BODY)
    verify([key_of(size)], {**HEADERS, "webhook-signature": header}, BODY, now=TIMESTAMP)

    assert header.startswith("v1,")


def test_no_key_does_not_sign() -> None:
    """An unsigned request is never built."""
    with pytest.raises(InvalidKey, match="no signing key"):
        sign([], ID, TIMESTAMP, BODY)


@pytest.mark.parametrize("size", [24, 32, 64])
def test_generate_secret(size: int) -> None:
    """A new key is the prefix and the base64 of that many bytes of the given source."""
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    secret = generate_secret(source, size)

    assert secret == key_of(size)
    assert asked == [size]


@pytest.mark.parametrize("size", [0, 23, 65, -1])
def test_generate_secret_bounds(size: int) -> None:
    """The specification's bounds hold for new keys."""
    with pytest.raises(InvalidKey, match="24 to 64 bytes"):
        generate_secret(secrets.token_bytes, size)


def test_generate_secret_by_default() -> None:
    """By default a key has 32 bytes, and no two are the same."""
    first, second = generate_secret(secrets.token_bytes), generate_secret(secrets.token_bytes)

    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32
    assert first != second
