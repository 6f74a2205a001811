"""Standard Webhooks signatures (specification 1.0.0): `v1` HMAC-SHA256, and `v1a` Ed25519.

The signed content is `id.timestamp.body` over the exact bytes of the body. A key is `whsec_` + base64 of 24 to 64
bytes (v1), `whsk_` + base64 of the private and the public Ed25519 key (v1a), or `whpk_` + base64 of the public one
(verifying only).
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TOLERANCE_SECONDS = 300  # both ways; the reference libraries' value, the specification names none
MIN_KEY_BYTES, MAX_KEY_BYTES = 24, 64  # specification, "Signature scheme"


class InvalidKey(ValueError):
    """A signing key is malformed; the message says how and never contains the key."""


class VerificationError(ValueError):
    """A request does not verify; the message says why."""


def generate_secret(random_bytes: Callable[[int], bytes], size: int = 32) -> str:
    """A new `whsec_` key of `size` bytes, 24 to 64, from a cryptographic source such as `secrets.token_bytes`."""
    if not MIN_KEY_BYTES <= size <= MAX_KEY_BYTES:
        raise InvalidKey(f"a signing key has {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes, not {size}")
    return "whsec_" + base64.b64encode(random_bytes(size)).decode()


def sign(keys: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the `webhook-signature` header: one signature a key, in the order of the keys.

    Args:
        timestamp: of this attempt, in whole seconds since 1970, UTC.

    Raises:
        InvalidKey: a key is malformed, or there is none.
    """
    if not keys:
        raise InvalidKey("there is no signing key")
    content = _signed_content(message_id, str(timestamp), body)
    return " ".join(_signature(key, content) for key in keys)


def verify(
    keys: Sequence[str], headers: Mapping[str, str], body: bytes, now: int, tolerance: int = TOLERANCE_SECONDS
) -> None:
    """Check the signature and the age of a received request; for receivers and tests.

    Args:
        keys: any one that matches any signature is enough.
        headers: with lower-case names.
        now: whole seconds since 1970, UTC.

    Raises:
        VerificationError: a header is missing or malformed, the request is too old or from the future, or no
            signature matches.
        InvalidKey: a key of the right kind is malformed.
    """
    try:
        message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        signatures = headers["webhook-signature"].split(" ")
    except KeyError as missing:
        raise VerificationError(f"header {missing.args[0]} is missing") from None
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise VerificationError("webhook-timestamp is not a whole number of seconds")
    if abs(now - int(timestamp)) > tolerance:
        raise VerificationError(f"webhook-timestamp is more than {tolerance} s away from the clock")
    content = _signed_content(message_id, timestamp, body)
    if not any(_matches(key, content, signature) for key in keys for signature in signatures):
        raise VerificationError("no signature matches")


def _signed_content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _signature(key: str, content: bytes) -> str:
    if key.startswith("whsk_"):
        raw = _decode(key, "whsk_", sizes=(64,))
        signature = Ed25519PrivateKey.from_private_bytes(raw[:32]).sign(content)
        return "v1a," + base64.b64encode(signature).decode()
    return "v1," + base64.b64encode(_hmac(key, content)).decode()


def _hmac(key: str, content: bytes) -> bytes:
    return hmac.digest(_decode(key, "whsec_", sizes=range(MIN_KEY_BYTES, MAX_KEY_BYTES + 1)), content, hashlib.sha256)


def _matches(key: str, content: bytes, signature: str) -> bool:
    version, _, encoded = signature.partition(",")
    try:
        given = base64.b64decode(encoded, validate=True)
    except ValueError:  # binascii.Error is one; so is what is not ASCII
        return False
    if version == "v1" and key.startswith("whsec_"):
        return hmac.compare_digest(given, _hmac(key, content))
    if version == "v1a" and key.startswith("whpk_"):
        try:
            Ed25519PublicKey.from_public_bytes(_decode(key, "whpk_", sizes=(32,))).verify(given, content)
        except InvalidSignature:
            return False
        return True
    return False


def _decode(key: str, prefix: str, sizes: Sequence[int]) -> bytes:
    if not key.startswith(prefix):
        raise InvalidKey(f"a signing key begins with {prefix}")
    try:
        raw = base64.b64decode(key.removeprefix(prefix), validate=True)
    except ValueError:
        raise InvalidKey(f"what follows {prefix} is not base64") from None
    if len(raw) not in sizes:
        raise InvalidKey(f"a {prefix} key has {sizes[0]} to {sizes[-1]} bytes, not {len(raw)}")
    return raw
