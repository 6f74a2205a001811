"""core.tokens: genuine tokens name whom they name, and the known attacks on tokens fail."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dispatcher.core.access import Role
from dispatcher.core.tokens import Claimed, TokenKey, TokenKeyError, TokenRefused, parse_token_keys, verify
from tests.support.tokens import (
    AUDIENCE,
    CLAIMS,
    NOW,
    OTHER,
    SHARED,
    ed25519_key,
    pem,
    rsa_key,
    rules,
    segment,
    signed,
)

OWNERS = {"a": Role.OWNER, "b": Role.OWNER}
UNTIL = NOW + 300 + 30  # with the leeway


@pytest.mark.parametrize("kid", ["h", "r", "e"])
def test_genuine_tokens(kid: str) -> None:
    """Of each algorithm, with the key that its kid names."""
    assert verify(signed(kid), rules(), NOW) == Claimed("ana", OWNERS, UNTIL)


def test_without_a_kid() -> None:
    """It is taken for the only key there is; where there are several, it is refused."""
    assert verify(signed(None), rules(keys={"h": TokenKey("HS256", SHARED)}), NOW).user == "ana"
    with pytest.raises(TokenRefused):
        verify(signed(None), rules(), NOW)


def test_rotation() -> None:
    """Two keys side by side: what either signed is taken; after the old one is gone, its tokens are not."""
    old, new = signed("h"), jwt.encode(dict(CLAIMS), OTHER, "HS256", headers={"kid": "n"})
    both = {"h": TokenKey("HS256", SHARED), "n": TokenKey("HS256", OTHER)}

    assert verify(old, rules(keys=both), NOW).user == verify(new, rules(keys=both), NOW).user == "ana"
    with pytest.raises(TokenRefused):
        verify(old, rules(keys={"n": both["n"]}), NOW)


def forged(header: dict[str, Any], key: bytes | None, claims: dict[str, Any] | None = None) -> str:
    """A token put together by hand, signed with HMAC and that key, or not at all."""
    signing = f"{segment(header)}.{segment(claims or dict(CLAIMS))}"
    signature = b"" if key is None else hmac.digest(key, signing.encode(), hashlib.sha256)
    return f"{signing}.{segment(signature)}"


def swapped(token: str, part: int, value: str) -> str:
    """A token with one of its three parts replaced."""
    parts = token.split(".")
    parts[part] = value
    return ".".join(parts)


ATTACKS: dict[str, Callable[[], str]] = {
    "alg none": lambda: forged({"alg": "none", "kid": "h"}, None),
    "alg None": lambda: forged({"alg": "None", "kid": "h"}, None),
    "alg none, signed": lambda: forged({"alg": "none", "kid": "h"}, SHARED),
    "no alg": lambda: forged({"kid": "h"}, SHARED),
    "alg a list": lambda: forged({"alg": ["HS256"], "kid": "h"}, SHARED),
    "signature cut off": lambda: swapped(signed("r"), 2, ""),
    "the public key as an HMAC secret": lambda: forged({"alg": "HS256", "kid": "r"}, pem(rsa_key())),
    "an RSA token for the shared key": lambda: jwt.encode(dict(CLAIMS), rsa_key(), "RS256", headers={"kid": "h"}),
    "an HMAC token for the Ed25519 key": lambda: forged({"alg": "HS256", "kid": "e"}, pem(ed25519_key())),
    "HS512 with the right key": lambda: jwt.encode(dict(CLAIMS), SHARED * 2, "HS512", headers={"kid": "h"}),
    "another key": lambda: forged({"alg": "HS256", "kid": "h"}, OTHER),
    "an empty key": lambda: forged({"alg": "HS256", "kid": "h"}, b""),
    "an unknown kid": lambda: forged({"alg": "HS256", "kid": "x"}, SHARED),
    "a kid that is a path": lambda: forged({"alg": "HS256", "kid": "../../dev/null"}, b""),
    "a kid that is SQL": lambda: forged({"alg": "HS256", "kid": "h' or '1'='1"}, SHARED),
    "a kid that is a list": lambda: forged({"alg": "HS256", "kid": ["h"]}, SHARED),
    "a key of its own (jwk)": lambda: forged(
        {"alg": "HS256", "jwk": {"kty": "oct", "k": segment(OTHER)}, "kid": "x"}, OTHER
    ),
    "a key from elsewhere (jku)": lambda: forged({"alg": "HS256", "jku": "https://evil.example/", "kid": "x"}, OTHER),
    "claims swapped": lambda: swapped(signed("r"), 1, segment({**CLAIMS, "sub": "eva"})),
    "header swapped": lambda: swapped(signed("r"), 0, segment({"alg": "RS256", "kid": "r", "typ": "x"})),
    "an unknown extension (crit)": lambda: signed("h", {"crit": ["x"], "x": 1}),
    "a detached payload (b64)": lambda: forged({"alg": "HS256", "kid": "h", "b64": False, "crit": ["b64"]}, SHARED),
    "an encrypted token (JWE)": lambda: ".".join([segment({"alg": "dir", "enc": "A256GCM"}), "", "aaaa", "bbbb", "cc"]),
    "no token": lambda: "",
    "two parts": lambda: "a.b",
    "not base64": lambda: "ä.ö.ü",
    "a surrogate": lambda: "\ud800.a.b",
    "a header that is no object": lambda: f"{segment([1])}.{segment({})}.",
    "a deep header": lambda: f"{segment(b'[' * 3000)}.{segment({})}.",
    "too long": lambda: signed("h", note="x" * 9000),
}


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_attacks(attack: str) -> None:
    """None of them is taken, and none of them is an error of ours."""
    with pytest.raises(TokenRefused):
        verify(ATTACKS[attack](), rules(), NOW)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None}, {"exp": NOW - 30}, {"exp": "2027-01-15"}, {"exp": True}, {"exp": float("nan")},
        {"exp": float("inf")}, {"exp": 10**400}, {"exp": [NOW + 300]},
        {"nbf": NOW + 31}, {"nbf": "soon"}, {"iat": NOW + 31}, {"iat": {}},
        {"iss": None}, {"iss": "https://evil.example"}, {"iss": ["https://host.example"]}, {"iss": ""},
        {"aud": None}, {"aud": "another-service"}, {"aud": []}, {"aud": [AUDIENCE.upper()]}, {"aud": {"x": AUDIENCE}},
        {"sub": None}, {"sub": ""}, {"sub": "a\0b"}, {"sub": " ana"},
        {"sub": True}, {"sub": 1.5}, {"sub": 10**400}, {"sub": ["ana"]}, {"sub": {"id": 7}},
        {"clinics": 1.5}, {"clinics": [["a"]]}, {"clinics": ["a", ""]}, {"clinics": {"a\n": "owner"}},
        {"clinics": [True]}, {"clinics": [str(n) for n in range(101)]},
    ],
    ids=str,
)  # fmt: skip
def test_claims_that_are_not_taken(claims: dict[str, Any]) -> None:
    """Expired, early, for somebody else, or of nobody: each alone is enough, in a genuine token."""
    with pytest.raises(TokenRefused):
        verify(
            forged(
                {"alg": "HS256", "kid": "h"}, SHARED, {k: v for k, v in {**CLAIMS, **claims}.items() if v is not None}
            ),
            rules(),
            NOW,
        )


@pytest.mark.parametrize(
    "claims",
    [{"exp": NOW - 29}, {"exp": NOW + 0.5}, {"nbf": NOW + 30}, {"iat": NOW + 30}, {"aud": ["x", AUDIENCE]}],
    ids=str,
)
def test_claims_that_are(claims: dict[str, Any]) -> None:
    """The clocks may differ by the leeway; we may be one of several for whom it is."""
    assert verify(signed("h", **claims), rules(), NOW).user == "ana"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"clinics": {"a": "OWNER", "b": "manager"}}, {"a": Role.OWNER, "b": Role.MANAGER}),
        ({"clinics": "a"}, {"a": Role.OWNER}),
        ({"clinics": 7, "role": "manager"}, {"7": Role.MANAGER}),
        ({"clinics": [7, "b"]}, {"7": Role.OWNER, "b": Role.OWNER}),
        ({"clinics": []}, {}),
        ({"clinics": None}, {}),
        ({"role": "dentist"}, {"a": None, "b": None}),
        ({"role": None}, {"a": None, "b": None}),
        ({"role": "OPERATOR"}, {"a": None, "b": None}),
        ({"clinics": {"a": "OPERATOR"}}, {"a": None}),
        ({"clinics": {"a": ["OWNER"]}}, {"a": None}),
    ],
    ids=str,
)
def test_clinics_and_roles(claims: dict[str, Any], expected: dict[str, Role | None]) -> None:
    """One clinic, several with one role, or each with its own. What is no role at a clinic is none."""
    claimed = verify(signed("h", **claims), rules(), NOW)

    assert claimed == Claimed("ana", expected, UNTIL)


def test_an_operator() -> None:
    """Is one who has that role and names no clinic."""
    assert verify(signed("h", clinics=None, role="OPERATOR"), rules(), NOW) == Claimed(
        "ana", {}, UNTIL, is_operator=True
    )


def test_claims_of_other_names() -> None:
    """Settings say which claim is which."""
    named = rules(user_claim="email", clinics_claim="https://host.example/clinics", role_claim="r")
    token = signed("h", email="ana@host.example", r="manager", headers=None, **{"https://host.example/clinics": "c"})

    assert verify(token, named, NOW) == Claimed("ana@host.example", {"c": Role.MANAGER}, UNTIL)


@pytest.mark.parametrize(("claims", "user"), [({"sub": 17}, "17"), ({"sub": "17"}, "17"), ({"jti": 5}, "ana")], ids=str)
def test_hosts_that_number(claims: dict[str, Any], user: str) -> None:
    """A user's number is taken as text, as the host's own table has it; a token may have one, too."""
    assert verify(forged({"alg": "HS256", "kid": "h"}, SHARED, {**CLAIMS, **claims}), rules(), NOW).user == user


def test_a_refusal_repeats_nothing() -> None:
    """What is logged has nothing of the token."""
    for attack in ATTACKS.values():
        token = attack()
        with pytest.raises(TokenRefused) as refused:
            verify(token, rules(), NOW)
        assert not any(part in str(refused.value) for part in token.split(".") if len(part) > 3)


FILES: dict[str, Callable[[], bytes]] = {"rsa.pem": lambda: pem(rsa_key()), "ed.pem": lambda: pem(ed25519_key())}


def read(file: str) -> bytes:
    """A key file."""
    return FILES[file]()


def test_keys_as_they_are_configured() -> None:
    """An id, an algorithm, and base64 or a file; a key shows itself nowhere."""
    encoded = base64.b64encode(SHARED).decode()
    keys = parse_token_keys(f"h:HS256:{encoded}, r:RS256:rsa.pem,e:EdDSA:ed.pem,", read)

    assert {key_id: key.algorithm for key_id, key in keys.items()} == {"h": "HS256", "r": "RS256", "e": "EdDSA"}
    assert verify(signed("e"), rules(keys=keys), NOW).user == "ana"
    assert encoded not in repr(keys)
    assert repr(SHARED) not in repr(keys)


def weak_rsa() -> bytes:
    """An RSA key of 1024 bits."""
    return pem(rsa.generate_private_key(65537, 1024))


def elliptic() -> bytes:
    """A key of another kind."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("planted-secret", "is written kid:algorithm:key"),
        ("h:planted-secret", "is written"),
        ("h:none:", "is written"),
        ("h:HS512:planted-secret", "is written"),
        ("h h:HS256:planted-secret", "is written"),
        ("h:HS256:planted-secret", "is not base64"),
        ("h:HS256:c2hvcnQ=", "has 5 bytes"),
        ("r:RS256:ed.pem", "is not one for RS256"),
        ("e:EdDSA:rsa.pem", "is not one for EdDSA"),
        ("r:RS256:weak", "has 1024 bits"),
        ("e:EdDSA:elliptic", "is not one for EdDSA"),
        ("r:RS256:text", "does not hold a public key"),
        ("r:RS256:rsa.pem,r:EdDSA:ed.pem", "named twice"),
    ],
)
def test_keys_that_cannot_be_used(text: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is refused with its reason, which never holds the key."""
    monkeypatch.setitem(FILES, "weak", weak_rsa)
    monkeypatch.setitem(FILES, "elliptic", elliptic)
    monkeypatch.setitem(FILES, "text", lambda: b"planted-secret")

    with pytest.raises(TokenKeyError, match=says) as refused:
        parse_token_keys(text, read)

    assert "planted" not in str(refused.value)
