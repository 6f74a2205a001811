"""core.sealing, for arbitrary texts: what was sealed opens, for its endpoint and purpose, by its key."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.sealing import (
    HEADER,
    KEY_BYTES,
    NONCE_BYTES,
    SIGNING_KEY,
    Keyring,
    SealingError,
    parse_keyring,
    purpose_of,
    seal,
    unseal,
)

MASTER = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
NONCES = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
CLINICS = st.text(max_size=30)
NAMES = st.from_regex(r"[!#$%&'*+.^_`|~0-9a-z-]{1,20}", fullmatch=True)
PURPOSES = st.just(SIGNING_KEY) | NAMES.map(lambda name: purpose_of(HEADER, name))
ENDPOINTS = st.integers(1, 2**63 - 1)
KEY_IDS = st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True)


def encoded(key: bytes) -> str:
    """As it stands in the setting."""
    return base64.b64encode(key).decode()


@given(st.dictionaries(KEY_IDS, MASTER, min_size=1, max_size=3), PURPOSES, CLINICS, ENDPOINTS, st.text(), NONCES)
def test_round_trip(
    keys: dict[str, bytes], purpose: str, clinic: str, endpoint: int, secret: str, nonce: bytes
) -> None:
    """Every text comes back, whatever the clinic is called, also after a new master key was put in front."""
    text = ",".join(f"{key_id}:{encoded(key)}" for key_id, key in keys.items())
    ring = parse_keyring(text)
    sealed = seal(ring, purpose, clinic, endpoint, secret, nonce)
    rotated = parse_keyring(f"{'n' * 32}:{encoded(bytes(32))},{text}") if "n" * 32 not in keys else ring

    assert dict(ring.keys) == keys
    assert sealed.startswith(f"v1.{next(iter(keys))}.")
    assert unseal(ring, purpose, clinic, endpoint, sealed) == secret
    assert unseal(rotated, purpose, clinic, endpoint, sealed) == secret


@given(MASTER, PURPOSES, CLINICS, ENDPOINTS, st.text(), NONCES, st.data())
def test_nothing_else_opens(
    key: bytes, purpose: str, clinic: str, endpoint: int, secret: str, nonce: bytes, data: st.DataObject
) -> None:
    """Another purpose, another clinic, another endpoint, another master key, another byte: none of them opens it."""
    ring = Keyring("k", {"k": key})
    sealed = seal(ring, purpose, clinic, endpoint, secret, nonce)
    raw = bytearray(base64.b64decode(sealed.removeprefix("v1.k.")))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    attempts = [
        (ring, data.draw(PURPOSES.filter(purpose.__ne__)), clinic, endpoint, sealed),
        (ring, purpose, data.draw(CLINICS.filter(clinic.__ne__)), endpoint, sealed),
        (ring, purpose, clinic, data.draw(ENDPOINTS.filter(endpoint.__ne__)), sealed),
        (Keyring("k", {"k": data.draw(MASTER.filter(key.__ne__))}), purpose, clinic, endpoint, sealed),
        (ring, purpose, clinic, endpoint, f"v1.k.{encoded(bytes(raw))}"),
        (Keyring("other", {"other": key}), purpose, clinic, endpoint, sealed),
    ]

    for attempt in attempts:
        with pytest.raises(SealingError):
            unseal(*attempt)


@given(st.text(max_size=80) | st.text(max_size=80).map("v1.k.".__add__))
def test_unseal_refuses_any_other_text(text: str) -> None:
    """What nobody sealed is refused by the one error that unseal promises."""
    with pytest.raises(SealingError):
        unseal(Keyring("k", {"k": bytes(KEY_BYTES)}), SIGNING_KEY, "clinic-1", 7, text)


PIECES = st.sampled_from(
    ["k1", ":", ",", " ", "=", "\n", "é", encoded(bytes(range(32))), "AAAA", "0123456789abcdef" * 2]
)


@given(st.text(max_size=100) | st.lists(PIECES, max_size=8).map("".join))
def test_a_keyring_is_read_or_refused(text: str) -> None:
    """Whatever the setting is: keys of 32 bytes, or the one error; neither shows anything that may be a key."""
    try:
        ring = parse_keyring(text)
    except SealingError as error:
        message = str(error)
    else:
        message = repr(ring)
        assert ring.current == next(iter(ring.keys))
        assert all(len(key) == KEY_BYTES for key in ring.keys.values())
    keys = [entry.rpartition(":")[2] for entry in text.split(",")]

    assert not any(len(key) >= 16 and key in message for key in keys)
