"""core.redaction, for arbitrary texts: no secret survives, whatever is around it, and nothing else changes."""

import base64
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core import redaction
from dispatcher.core.redaction import redact, redact_field

TEXTS = st.text(max_size=40)
# Pieces that the rules look at, in any order: what a rule leaves must not be taken for a secret by another one.
PIECES = st.lists(
    st.sampled_from(
        [
            "password", "authorization", "token", "=", ": ", '"', "'", "\\", "\n", " ", "https://", "postgresql://",
            "@", "u:p", "/a", "?", "#", "&", "whsec_", "AAAAAAAA", "Bearer ", "[redacted]", "]", ",", "9",
        ]
    ),
    max_size=14,
).map("".join)  # fmt: skip
KEYS = st.binary(min_size=24, max_size=64).map(lambda raw: "whsec_" + base64.b64encode(raw).decode())
MASTER_KEYS = st.binary(min_size=32, max_size=32).map(lambda raw: base64.b64encode(raw).decode())
PASSWORDS = st.text("abcdefghij0123456789", min_size=8, max_size=20).map(lambda text: f"Canary{text}")
# Letters and what separates words, without a name, a scheme or a URL: no place for a secret.
PROSE = st.lists(
    st.sampled_from(["a delivery", "is dead", "(23514)", "endpoint 7:", "8 s", "key", '"x"', "-", "ação", "\n"]),
    max_size=9,
).map(" ".join)  # fmt: skip


@given(TEXTS | PIECES)
def test_a_second_look_changes_nothing(text: str) -> None:
    """Redacting is done once, however often it is done."""
    once = redact(text)

    assert redact(once) == once


@given(PROSE)
def test_other_text_is_left_alone(text: str) -> None:
    """A text without a secret is the same afterwards."""
    assert redact(text) == text


@given(TEXTS, KEYS, TEXTS)
def test_no_signing_key_survives(before: str, key: str, after: str) -> None:
    """Wherever it stands in a text, not even half of it is left."""
    left = redact(before + key + after)

    assert key[6:30] not in left


@given(TEXTS, MASTER_KEYS)
def test_no_master_key_survives(before: str, key: str) -> None:
    """As it stands in the setting, behind its id."""
    assert key not in redact(f"{before} k1:{key}, more")


@given(TEXTS, PASSWORDS)
def test_no_password_survives(name: str, password: str) -> None:
    """In a URL, in a libpq string, in JSON and as a header."""
    texts = [
        f"postgresql://me:{password}@host/db",
        f"https://me:{password}@host/",
        f"https://host/a?key={password}",
        f"host=x password={password}",
        json.dumps({"note": name, "password": password}),
        json.dumps(json.dumps({"password": password})),
        repr({"authorization": f"Basic {password}"}),
        f"Authorization: Digest {password}",
    ]

    assert [text for text in texts if password in redact(text)] == []


@given(st.recursive(TEXTS | KEYS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8))
def test_fields_stay_json(value: object) -> None:
    """What is left of a field can be written as JSON, and has no key in it."""
    written = json.dumps(redact_field("field", value))

    assert re.search(r"whsec_[A-Za-z0-9+/]{6}", written) is None


@given(TEXTS | PIECES | PROSE)
def test_what_is_passed_over_at_once(text: str) -> None:
    """A text that is not looked at closely has nothing in it that would be taken out."""
    if redaction._POSSIBLE.search(text) is None:
        assert redaction._KEY.search(text) is None
        assert redaction._NAMED.search(text) is None
