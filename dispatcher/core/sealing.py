"""Secrets of endpoints at rest: AES-256-GCM under a master key that is never in the database.

A sealed text is `v1.<master key id>.<base64 of nonce and ciphertext>`. What it is for, and its clinic and endpoint, are
authenticated with it: a row that is copied to another endpoint, or put to another use there, does not open.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12  # NIST SP 800-38D; random: fewer than 2^32 seals under one key

SIGNING_KEY = "signing-key"
HEADER = "header"


class SealingError(ValueError):
    """A text cannot be opened, or a keyring is malformed; the message never contains key or content."""


@dataclass(frozen=True)
class Keyring:
    """Master keys by id. The current one seals; every one opens."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)


def parse_keyring(text: str) -> Keyring:
    """Read `id:base64,id:base64`: 32 bytes each, the first one current.

    Raises:
        SealingError: with what is wrong.
    """
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, separator, encoded = entry.partition(":")
        # Without a separator the text may be a key, which no message may repeat.
        if not separator or not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", key_id):
            raise SealingError("a master key is written id:base64, its id of letters, digits, _ and -")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:  # binascii.Error is one; so is what is not ASCII
            raise SealingError(f"master key {key_id} is not base64") from None
        if len(key) != KEY_BYTES:
            raise SealingError(f"master key {key_id} has {len(key)} bytes instead of {KEY_BYTES}")
        if key_id in keys:
            raise SealingError(f"master key {key_id} is named twice")
        keys[key_id] = key
    if not keys:
        raise SealingError("there is no master key")
    return Keyring(current=next(iter(keys)), keys=keys)


def purpose_of(kind: str, name: str | None = None) -> str:
    """What a text is sealed for: SIGNING_KEY, or HEADER and the name of the header."""
    return kind if name is None else f"{kind}\0{name}"


def seal(keyring: Keyring, purpose: str, clinic_id: str, endpoint_id: int, text: str, nonce: bytes) -> str:
    """Seal a text for one purpose (`purpose_of`) at one endpoint; `nonce` is 12 fresh random bytes."""
    if len(nonce) != NONCE_BYTES:
        raise SealingError(f"the nonce has {len(nonce)} bytes instead of {NONCE_BYTES}")
    cipher = AESGCM(keyring.keys[keyring.current])
    sealed = nonce + cipher.encrypt(nonce, text.encode(), _bound_to(purpose, clinic_id, endpoint_id))
    return f"v1.{keyring.current}.{base64.b64encode(sealed).decode()}"


def unseal(keyring: Keyring, purpose: str, clinic_id: str, endpoint_id: int, sealed: str) -> str:
    """Open what `seal` made for the same purpose, clinic and endpoint.

    Raises:
        SealingError: unknown master key, or the text was altered or is not for that.
    """
    version, _, rest = sealed.partition(".")
    key_id, _, encoded = rest.partition(".")
    if version != "v1":
        raise SealingError("not a sealed text")
    if key_id not in keyring.keys:
        raise SealingError(f"master key {key_id} is not among the configured ones ({', '.join(keyring.keys)})")
    try:
        raw = base64.b64decode(encoded, validate=True)
        opened = AESGCM(keyring.keys[key_id]).decrypt(
            raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound_to(purpose, clinic_id, endpoint_id)
        )
    except (InvalidTag, ValueError):
        raise SealingError("the sealed text was altered, or belongs to another endpoint or purpose") from None
    return opened.decode()


def master_key_of(sealed: str) -> str:
    """The id of the master key that a sealed text names; empty if it is no sealed text."""
    version, _, rest = sealed.partition(".")
    return rest.partition(".")[0] if version == "v1" else ""


def _bound_to(purpose: str, clinic_id: str, endpoint_id: int) -> bytes:
    # NUL cannot stand in a text of PostgreSQL, so the parts cannot run into each other.
    return f"{purpose}\0{clinic_id}\0{endpoint_id}".encode()
