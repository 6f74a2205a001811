"""payload preview: on a terminal the body has other white space, and is the same body."""

import json

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.commands.payload import indented

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def tokens(text: str) -> object:
    """JSON with its numbers as they are written."""
    return json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=list)


@given(VALUES, st.sampled_from([(",", ":"), (", ", " : ")]), st.booleans())
def test_the_same_body(value: object, separators: tuple[str, str], ascii_only: bool) -> None:
    """Keys in their order, numbers digit by digit, strings as they are."""
    text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)

    assert tokens(indented(text)) == tokens(text)


@given(VALUES)
def test_the_layout(value: object) -> None:
    """It is that of json.dumps, which would rewrite numbers."""
    assert indented(json.dumps(value)) == json.dumps(value, indent=2)


def test_digits_are_kept() -> None:
    """What a parser would round or shorten."""
    assert indented('{"a":1.10,"b":12345678901234567890.123456789012345678,"c":"\\u00e9\\u0041"}') == (
        '{\n  "a": 1.10,\n  "b": 12345678901234567890.123456789012345678,\n  "c": "\\u00e9\\u0041"\n}'
    )
