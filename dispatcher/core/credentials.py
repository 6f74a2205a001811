"""Opaque secrets of the admin API: API keys, one-time codes, cookies. The database has SHA-256 of each, never more."""

import base64
import hashlib
import hmac
import re

RANDOM_BYTES = 32  # 256 bits: nothing to guess, so a fast hash is enough
PREFIX = "owk_"

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_API_KEY = re.compile(rf"{PREFIX}([1-9][0-9]{{0,17}})_({_SECRET.pattern})", re.ASCII)
_NOBODYS = hashlib.sha256(b"no such API key").digest()


def secret_text(random: bytes) -> str:
    """32 random bytes as 43 characters of base64url.

    Raises:
        ValueError: these are not 32 bytes.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"{len(random)} bytes instead of {RANDOM_BYTES}")
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()


def is_secret(text: str) -> bool:
    """Whether a text is written as secret_text() writes one: what a request shows may be anything, also no text."""
    return _SECRET.fullmatch(text) is not None


def digest(secret: str) -> bytes:
    """What the database has of a secret: SHA-256, 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()


def write_api_key(key_id: int, secret: str) -> str:
    """The key as its holder sends it."""
    return f"{PREFIX}{key_id}_{secret}"


def read_api_key(text: str) -> tuple[int, str] | None:
    """The id and the secret of a key; None if it is not written as one."""
    found = _API_KEY.fullmatch(text)
    return (int(found[1]), found[2]) if found else None


def is_right(secret: str, expected: bytes | None) -> bool:
    """Whether a secret has this digest. Takes as long whatever differs, also where there is none to compare with."""
    same = hmac.compare_digest(digest(secret), expected or _NOBODYS)
    return same and expected is not None
