"""core.sealing: what is sealed opens only for its endpoint and purpose, and only with the master key."""

import base64

import pytest

from dispatcher.core.sealing import (
    HEADER,
    NONCE_BYTES,
    SIGNING_KEY,
    Keyring,
    SealingError,
    parse_keyring,
    purpose_of,
    seal,
    unseal,
)
from tests.unit.examples import KEY

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
NONCE = bytes(range(NONCE_BYTES))
RING = Keyring("new", {"new": NEW, "old": OLD})
CLINIC, ENDPOINT = "clinic-1", 7


def encoded(key: bytes) -> str:
    """As it stands in the setting."""
    return base64.b64encode(key).decode()


def test_round_trip() -> None:
    """What was sealed opens for the same clinic and endpoint, and does not show what it is."""
    sealed = seal(RING, SIGNING_KEY, CLINIC, ENDPOINT, KEY, NONCE)

    assert unseal(RING, SIGNING_KEY, CLINIC, ENDPOINT, sealed) == KEY
    assert sealed.startswith("v1.new.")
    assert KEY.removeprefix("whsec_") not in sealed


def test_another_nonce_seals_differently() -> None:
    """The same key sealed twice cannot be recognised as the same."""
    first = seal(RING, SIGNING_KEY, CLINIC, ENDPOINT, KEY, NONCE)
    second = seal(RING, SIGNING_KEY, CLINIC, ENDPOINT, KEY, bytes(NONCE_BYTES))

    assert first != second


@pytest.mark.parametrize("size", [0, 11, 13, 16])
def test_a_nonce_has_twelve_bytes(size: int) -> None:
    """A nonce of another size is refused before anything is sealed with it."""
    with pytest.raises(SealingError, match=f"the nonce has {size} bytes instead of 12"):
        seal(RING, SIGNING_KEY, CLINIC, ENDPOINT, KEY, bytes(size))


@pytest.mark.parametrize(
    ("clinic", "endpoint"),
    [(CLINIC, 8), ("clinic-2", ENDPOINT), ("", ENDPOINT), ("clinic-", 17), ("clinic-1\x00", ENDPOINT)],
)
def test_a_row_copied_elsewhere_does_not_open(clinic: str, endpoint: int) -> None:
    """Clinic and endpoint are authenticated, and cannot run into each other."""
    sealed = seal(RING, SIGNING_KEY, CLINIC, ENDPOINT, KEY, NONCE)

    with pytest.raises(SealingError, match="was altered, or belongs to another endpoint or purpose"):
        unseal(RING, SIGNING_KEY, clinic, endpoint, sealed)


PURPOSES = [
    SIGNING_KEY,
    purpose_of(HEADER, "authorization"),
    purpose_of(HEADER, "x-api-key"),
    purpose_of(HEADER, "signing-key"),
    purpose_of(HEADER, "x-api"),
]


@pytest.mark.parametrize("other", PURPOSES)
@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_value_put_to_another_use_does_not_open(purpose: str, other: str) -> None:
    """The value of a header is none of another header, and no signing key; nor the other way round."""
    sealed = seal(RING, purpose, CLINIC, ENDPOINT, KEY, NONCE)

    if other == purpose:
        assert unseal(RING, other, CLINIC, ENDPOINT, sealed) == KEY
    else:
        with pytest.raises(SealingError, match="was altered, or belongs to another endpoint or purpose"):
            unseal(RING, other, CLINIC, ENDPOINT, sealed)


def test_every_altered_byte_is_noticed() -> None:
    """Nonce, ciphertext and tag: not one byte may differ."""
    raw = base64.b64decode(seal(RING, SIGNING_KEY, CLINIC, ENDPOINT, KEY, NONCE).removeprefix("v1.new."))

    for position in range(len(raw)):
        altered = raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]
        with pytest.raises(SealingError, match="was altered"):
            unseal(RING, SIGNING_KEY, CLINIC, ENDPOINT, f"v1.new.{encoded(altered)}")


@pytest.mark.parametrize("rest", ["", "AAAA", "!!!!", "é", encoded(bytes(12)), encoded(bytes(28))])
def test_a_text_that_seal_never_made(rest: str) -> None:
    """Nonsense behind a known key id is an altered text, whatever it is."""
    with pytest.raises(SealingError, match="was altered"):
        unseal(RING, SIGNING_KEY, CLINIC, ENDPOINT, f"v1.new.{rest}")


@pytest.mark.parametrize("text", ["", "v1", "v2.new.AAAA", KEY, "new.AAAA"])
def test_not_a_sealed_text(text: str) -> None:
    """What is not of the form is said to be that; the text, which may be a key in clear, is not repeated."""
    with pytest.raises(SealingError) as refused:
        unseal(RING, SIGNING_KEY, CLINIC, ENDPOINT, text)

    assert not text or text not in str(refused.value).replace("v1", "")


def test_an_unknown_master_key() -> None:
    """The message names the master key that is missing, and those there are, so that it can be put back."""
    sealed = seal(RING, SIGNING_KEY, CLINIC, ENDPOINT, KEY, NONCE)

    with pytest.raises(SealingError, match=r"master key new is not among the configured ones \(old\)"):
        unseal(Keyring("old", {"old": OLD}), SIGNING_KEY, CLINIC, ENDPOINT, sealed)


def test_another_key_under_the_same_id() -> None:
    """An id that now names another key opens nothing."""
    sealed = seal(RING, SIGNING_KEY, CLINIC, ENDPOINT, KEY, NONCE)

    with pytest.raises(SealingError, match="was altered"):
        unseal(Keyring("new", {"new": OLD}), SIGNING_KEY, CLINIC, ENDPOINT, sealed)


def test_rotation_of_the_master_key() -> None:
    """The first key seals; what an older one sealed still opens."""
    by_old = seal(parse_keyring(f"old:{encoded(OLD)}"), SIGNING_KEY, CLINIC, ENDPOINT, KEY, NONCE)
    rotated = parse_keyring(f"new:{encoded(NEW)}, old:{encoded(OLD)}")
    by_new = seal(rotated, SIGNING_KEY, CLINIC, ENDPOINT, KEY, NONCE)

    assert unseal(rotated, SIGNING_KEY, CLINIC, ENDPOINT, by_old) == KEY
    assert unseal(rotated, SIGNING_KEY, CLINIC, ENDPOINT, by_new) == KEY
    assert (by_old[:7], by_new[:7]) == ("v1.old.", "v1.new.")


def test_parse_keyring() -> None:
    """The first key is the current one; spaces and a comma at the end do no harm."""
    ring = parse_keyring(f" new:{encoded(NEW)} ,old:{encoded(OLD)},")

    assert ring == RING


HEX = "0123456789abcdef0123456789abcdef"  # what `openssl rand -hex 16` prints: 32 letters and digits
BAD_KEYRINGS = {
    "nothing": ("", "there is no master key"),
    "only commas": (" , ,", "there is no master key"),
    "without an id": (encoded(NEW), "a master key is written id:base64"),
    "an empty id": (f":{encoded(NEW)}", "a master key is written id:base64"),
    "a dot in the id": (f"a.b:{encoded(NEW)}", "a master key is written id:base64"),
    "an id of 33 letters": (f"{'k' * 33}:{encoded(NEW)}", "a master key is written id:base64"),
    "a line break in the id": (f"k\n:{encoded(NEW)}", "a master key is written id:base64"),
    "a short key without an id": (HEX, "a master key is written id:base64"),
    "not base64": ("k1:" + "!" * 44, "master key k1 is not base64"),
    "base64 for URLs": ("k1:" + encoded(b"\xff" * 32).replace("/", "_"), "master key k1 is not base64"),
    "not ASCII": ("k1:" + "é" * 44, "master key k1 is not base64"),
    "16 bytes": (f"k1:{encoded(NEW[:16])}", "master key k1 has 16 bytes instead of 32"),
    "33 bytes": (f"k1:{encoded(NEW + b'x')}", "master key k1 has 33 bytes instead of 32"),
    "no key behind the id": ("k1:", "master key k1 has 0 bytes instead of 32"),
    "twice": (f"k1:{encoded(NEW)},k1:{encoded(OLD)}", "master key k1 is named twice"),
    "the second is bad": (f"k1:{encoded(NEW)},k2:{encoded(OLD[:5])}", "master key k2 has 5 bytes instead of 32"),
}


@pytest.mark.parametrize(("text", "message"), BAD_KEYRINGS.values(), ids=BAD_KEYRINGS)
def test_a_bad_keyring(text: str, message: str) -> None:
    """Each way to write it wrongly is named, by the id where there is one; no key is repeated."""
    with pytest.raises(SealingError, match=message) as refused:
        parse_keyring(text)

    keys = {part.rpartition(":")[2].strip() for part in text.split(",")} - {""}
    assert not any(key in str(refused.value) for key in keys)


def test_repr_shows_no_key() -> None:
    """A keyring that ends up in a traceback or a log line gives nothing away."""
    shown = f"{RING!r} {RING}"

    assert "new" in shown
    assert not any(key.hex() in shown or repr(key)[2:-1] in shown or encoded(key) in shown for key in (OLD, NEW))
