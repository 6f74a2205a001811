"""core.redaction: what is taken out of a text, and what is left of it."""

import base64

import pytest

from dispatcher.core.redaction import REDACTED, redact, redact_field
from tests.unit.examples import KEY

MASTER = base64.b64encode(bytes(range(32))).decode()

# What a text becomes; none of these may be changed by a second look.
REPLACED = {
    "a signing key": (f"the key {KEY}, twice: {KEY}.", "the key whsec_[redacted], twice: whsec_[redacted]."),
    "a signing key in a row": (f"Failing row contains (1, {KEY})", "Failing row contains (1, whsec_[redacted])"),
    "a private key": (f"whsk_{MASTER}", "whsk_[redacted]"),
    "a signing key in capitals": ("WHSEC_MfKQ9r8G", "WHSEC_[redacted]"),
    "an API key": ("owk_17_aGVsbG8td29ybGQ", "owk_[redacted]"),
    "a master key": (f"k1:{MASTER},k2:{MASTER}", "k1:[redacted],k2:[redacted]"),
    "a header line": ("Authorization: Bearer abc.def, ghi\nnext", "Authorization: [redacted]\nnext"),
    "a header in JSON": ('{"authorization": "Basic dTpw", "x": 1}', '{"authorization": "[redacted]", "x": 1}'),
    "a header in a dict": ("{'Set-Cookie': 'a=\"1\"; b=\\'2\\'', 'x': 1}", "{'Set-Cookie': '[redacted]', 'x': 1}"),
    "JSON in JSON": (r'{\"password\": \"a b\", \"x\": 1}', r'{\"password\": \"[redacted]\", \"x\": 1}'),
    "a value that was cut off": ('password="Sesame 9', 'password="[redacted]'),
    "a scheme by itself": ("sent Bearer abcdefgh1, got 401", "sent Bearer [redacted], got 401"),
    "a libpq string": ("host=db password=Sesame9 user=me", "host=db password=[redacted] user=me"),
    "a database URL": ("postgresql://me:Ses%40me/9@h1,h2/db?x=1", "postgresql://me:[redacted]@h1,h2/db?x=1"),
    "a password in its query": ("postgresql:///db?password=Sesame9&x=1", "postgresql:///db?password=[redacted]&x=1"),
    "a login in a URL": ("https://me:Sesame9@h.example/a", "https://[redacted]@h.example/a"),
    "a token in a URL": ("GET https://h.example/a/b?token=x&y=1 failed", "GET https://h.example/a/b?[redacted] failed"),
    "a fragment": ("<https://h.example/#Sesame9>", "<https://h.example/#[redacted]>"),
    "names": (
        "X-Api-Key: a; access_token=b&client_secret=c PGPASSWORD=d",
        "X-Api-Key: [redacted]; access_token=[redacted]&client_secret=[redacted] PGPASSWORD=[redacted]",
    ),
}  # fmt: skip
KEPT = (
    "",
    "a signing key is whsec_ followed by the base64 of 24 to 64 random bytes",
    "signing key 7 is the only one of endpoint 3; secret 12 is revoked",
    "must begin with postgresql:// (for example postgresql://user@host/database)",
    "in a password write special characters percent-encoded (@ as %40, : as %3A)",
    "OUTBOUND_WEBHOOKS_MASTER_KEYS: not set; signing keys cannot be sealed or opened without it",
    "https://clinic.example:8443/hooks/@clinic?",
    "lease_token=5 tokens=3 keys: 2 authorization was basic enough",
    "0195555e-6c00-7000-8000-000000000001 v1.k1.AAAA 2026-03-02T09:00:00+00:00",
    "password authentication failed for user somebody",
)


@pytest.mark.parametrize(("text", "expected"), REPLACED.values(), ids=REPLACED)
def test_replaced(text: str, expected: str) -> None:
    """Each kind of secret, and nothing of what is around it; a second look changes nothing."""
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize("text", KEPT)
def test_kept(text: str) -> None:
    """What we say about secrets is not taken for one."""
    assert redact(text) == text


def test_fields() -> None:
    """A field goes by its name, or by what is in it, at any depth; numbers stay."""
    fields = {
        "Authorization": ["Bearer", "x"],
        "password": "a b c",
        "secret": 12,
        "token": None,
        "note": {"cookie": "a=1", KEY: (KEY, 5, True)},
        "url": "https://h.example/?a=1",
        "error": ValueError(f"not {KEY}"),
    }

    assert redact_field("fields", fields) == {
        "Authorization": REDACTED,
        "password": REDACTED,
        "secret": 12,
        "token": None,
        "note": {"cookie": REDACTED, "whsec_[redacted]": ["whsec_[redacted]", 5, True]},
        "url": "https://h.example/?[redacted]",
        "error": "ValueError('not whsec_[redacted]')",
    }
