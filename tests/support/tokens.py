"""Tokens as a host would sign them, and as an attacker would try to."""

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dispatcher.core.tokens import TokenKey, TokenRules

NOW = 1_800_000_000
SHARED = b"a shared key of the tests, which has 46 bytes."
OTHER = b"another shared key of the tests, with 46 bytes"
ISSUER, AUDIENCE = "https://host.example", "outbound-webhooks"
CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "exp": NOW + 300, "clinics": ["a", "b"], "role": "OWNER",
}  # fmt: skip


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """A host's RSA key."""
    return rsa.generate_private_key(65537, 2048)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    """A host's Ed25519 key."""
    return ed25519.Ed25519PrivateKey.generate()


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """Its public half."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def rules(**changes: Any) -> TokenRules:
    """A key of each algorithm: h, r and e."""
    keys = {
        "h": TokenKey("HS256", SHARED),
        "r": TokenKey("RS256", rsa_key().public_key()),
        "e": TokenKey("EdDSA", ed25519_key().public_key()),
    }
    return TokenRules(**{"keys": keys, "issuer": ISSUER, "audience": AUDIENCE, **changes})


def signed(kid: str | None = "h", headers: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """A token with these claims (None: without it), signed with the key of that id."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    sent = {**({"kid": kid} if kid else {}), **(headers or {})}
    if kid == "r":
        return jwt.encode(claims, rsa_key(), "RS256", headers=sent)
    if kid == "e":
        return jwt.encode(claims, ed25519_key(), "EdDSA", headers=sent)
    return jwt.encode(claims, SHARED, "HS256", headers=sent)


def segment(value: object) -> str:
    """One part of a token by hand: JSON, or raw bytes, in base64url."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
