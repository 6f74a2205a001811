"""core.credentials: how an API key is written and read, and that nothing but the right secret is right."""

import hashlib

import pytest

from dispatcher.core.credentials import digest, is_right, read_api_key, secret_text, write_api_key

SECRET = secret_text(bytes(range(32)))


def test_a_key_is_read_as_it_was_written() -> None:
    """owk_, the id, and 43 characters of base64url, which may hold underscores themselves."""
    tricky = secret_text(b"\xff" * 31 + b"\xfc")

    assert write_api_key(12, SECRET) == "owk_12_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert read_api_key(write_api_key(12, SECRET)) == (12, SECRET)
    assert "_" in tricky
    assert read_api_key(write_api_key(7, tricky)) == (7, tricky)


@pytest.mark.parametrize("text", ["", "owk_", f"owk_0_{SECRET}", f"owk_1_{SECRET}\n", f" owk_1_{SECRET}", SECRET])
def test_what_is_no_key(text: str) -> None:
    """It is not read, and raises nothing."""
    assert read_api_key(text) is None


def test_the_secret_is_random_enough() -> None:
    """32 bytes, no fewer."""
    with pytest.raises(ValueError, match="31 bytes"):
        secret_text(b"x" * 31)


def test_right_and_wrong() -> None:
    """Right is what has that digest; without one to compare with, nothing is right."""
    assert digest(SECRET) == hashlib.sha256(SECRET.encode()).digest()
    assert is_right(SECRET, digest(SECRET))
    assert not is_right(SECRET[:-1] + "x", digest(SECRET))
    assert not is_right(SECRET, None)
    assert not is_right("no such API key", None)
