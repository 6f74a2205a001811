"""JSON Web Tokens of hosts that sign them: whether one is genuine and in time, and whom it names.

A key is bound to one algorithm, so that a token cannot choose how it is checked (RFC 8725, 3.1). PyJWT checks form,
signature, issuer and audience; the times are checked here, against `now`, and so is the user.
"""

import base64
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from dispatcher.core.access import Role
from dispatcher.core.identity import MOST_CLINICS, is_name, role_named

ALGORITHMS = ("HS256", "RS256", "EdDSA")
LEAST_HMAC_BYTES = 32  # RFC 7518, 3.2
LEAST_RSA_BITS = 2048  # RFC 7518, 3.3
LONGEST = 8000  # characters; aiohttp takes no longer header

_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
# The times are ours to check, and so is the user: hosts number them, and their tokens. What else PyJWT knows is on.
_NOT_CHECKED = ("exp", "nbf", "iat", "sub", "jti")
_OPTIONS: Any = {**{f"verify_{name}": False for name in _NOT_CHECKED}, "require": ["exp", "iss", "aud"]}


class TokenKeyError(ValueError):
    """A key cannot be used; the message never contains it."""


class TokenRefused(Exception):
    """A token is not accepted; the message says why, for the log, without anything of the token."""


@dataclass(frozen=True)
class TokenKey:
    """A key, and the only algorithm that it is for."""

    algorithm: str
    key: bytes | RSAPublicKey | Ed25519PublicKey = field(repr=False)


@dataclass(frozen=True)
class TokenRules:
    """What a token has to be: keys by their id (`kid`), issuer, audience, leeway in seconds; which claim says what."""

    keys: Mapping[str, TokenKey]
    issuer: str
    audience: str
    leeway: float = 30
    user_claim: str = "sub"
    clinics_claim: str = "clinics"
    role_claim: str = "role"


@dataclass(frozen=True)
class Claimed:
    """Whom a token names, and up to when it is accepted (seconds since the epoch, the leeway in it).

    The role at a clinic may be missing where membership is looked up.
    """

    user: str
    clinics: Mapping[str, Role | None]
    until: float
    is_operator: bool = False


def parse_token_keys(text: str, read: Callable[[str], bytes]) -> dict[str, TokenKey]:
    """Read `kid:HS256:base64,kid:RS256:file,kid:EdDSA:file`; `read` returns what a file holds, a public key in PEM.

    Raises:
        TokenKeyError: with what is wrong.
        OSError: a file cannot be read.
    """
    keys: dict[str, TokenKey] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, _, rest = entry.partition(":")
        algorithm, separator, material = rest.partition(":")
        # Without separators the text may be a key, which no message may repeat.
        if not separator or not _KEY_ID.fullmatch(key_id) or algorithm not in ALGORITHMS:
            raise TokenKeyError(f"a key is written kid:algorithm:key, the algorithm one of {', '.join(ALGORITHMS)}")
        if key_id in keys:
            raise TokenKeyError(f"key {key_id} is named twice")
        if algorithm == "HS256":
            keys[key_id] = TokenKey(algorithm, _shared_key(key_id, material))
        else:
            keys[key_id] = TokenKey(algorithm, _public_key(key_id, algorithm, read(material)))
    return keys


def _shared_key(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise TokenKeyError(f"key {key_id} is not base64") from None
    if len(key) < LEAST_HMAC_BYTES:
        raise TokenKeyError(f"key {key_id} has {len(key)} bytes; HS256 needs at least {LEAST_HMAC_BYTES}")
    return key


def _public_key(key_id: str, algorithm: str, pem: bytes) -> RSAPublicKey | Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise TokenKeyError(f"the file of key {key_id} does not hold a public key in PEM form") from None
    if algorithm == "RS256" and isinstance(key, RSAPublicKey):
        if key.key_size < LEAST_RSA_BITS:
            raise TokenKeyError(f"key {key_id} has {key.key_size} bits; RS256 needs at least {LEAST_RSA_BITS}")
        return key
    if algorithm == "EdDSA" and isinstance(key, Ed25519PublicKey):
        return key
    raise TokenKeyError(f"key {key_id} is not one for {algorithm}")


def verify(token: str, rules: TokenRules, now: float) -> Claimed:
    """Whom a token names, if it is genuine and in time.

    Args:
        now: seconds since the epoch.

    Raises:
        TokenRefused: it is not; the message is for the log only.
    """
    if len(token) > LONGEST:
        raise TokenRefused("it is too long")
    try:
        header = jwt.get_unverified_header(token)
        key = _key_for(header, rules.keys)
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            options=_OPTIONS,
            issuer=rules.issuer,
            audience=rules.audience,
        )
    except (jwt.PyJWTError, UnicodeError, RecursionError) as error:
        raise TokenRefused(type(error).__name__) from None  # its text may repeat parts of the token
    _check_times(claims, rules.leeway, now)
    return _claimed(claims, rules)


def _key_for(header: Mapping[str, Any], keys: Mapping[str, TokenKey]) -> TokenKey:
    """The configured key that a header names; never one that it brings along."""
    if "crit" in header:
        raise TokenRefused("it asks for extensions")
    key_id = header.get("kid")
    if key_id is None and len(keys) == 1:
        return next(iter(keys.values()))
    if not isinstance(key_id, str) or key_id not in keys:
        raise TokenRefused("its key is not configured")
    return keys[key_id]


def _check_times(claims: Mapping[str, Any], leeway: float, now: float) -> None:
    if _time(claims, "exp") <= now - leeway:
        raise TokenRefused("it has expired")
    for name in ("nbf", "iat"):
        if name in claims and _time(claims, name) > now + leeway:
            raise TokenRefused(f"it is not valid yet ({name})")


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:  # an integer that no float can hold
        pass
    raise TokenRefused(f"its {name} is not a time")


def _claimed(claims: Mapping[str, Any], rules: TokenRules) -> Claimed:
    user = _name(claims.get(rules.user_claim))
    if user is None:
        raise TokenRefused("it names no user")
    until = _time(claims, "exp") + rules.leeway
    role = claims.get(rules.role_claim)
    clinics = claims.get(rules.clinics_claim)
    if clinics is None:
        return Claimed(user, {}, until, is_operator=role_named(role) is Role.OPERATOR)
    given = clinics if isinstance(clinics, dict) else dict.fromkeys(_listed(clinics), role)
    if len(given) > MOST_CLINICS:
        raise TokenRefused("it names too many clinics")
    names = {_name(clinic): _clinic_role(value) for clinic, value in given.items()}
    if None in names:
        raise TokenRefused("it names a clinic that cannot be one")
    return Claimed(user, {clinic: value for clinic, value in names.items() if clinic is not None}, until)


def _listed(clinics: Any) -> list[Any]:
    """One clinic, or several, as a list of what a dictionary can have as keys."""
    listed = clinics if isinstance(clinics, list) else [clinics]
    if not all(isinstance(clinic, str | int) for clinic in listed):
        raise TokenRefused("it names a clinic that cannot be one")
    return listed


def _clinic_role(value: Any) -> Role | None:
    """A role at a clinic; OPERATOR is none."""
    role = role_named(value)
    return None if role is Role.OPERATOR else role


def _name(value: Any) -> str | None:
    """The id of a user or a clinic; hosts number them, too."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else value
    return text if is_name(text) else None
