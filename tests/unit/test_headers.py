"""core.headers: what may be sent beside our own headers, and with which code and words the rest is refused."""

import pytest

from dispatcher.core.envelope import build
from dispatcher.core.headers import REFUSED, HeaderRefused, check_header, check_headers
from tests.support.bad_headers import BAD_HEADERS, BAD_SETS, CANARY, GOOD_HEADERS, WITH_NUL
from tests.unit.examples import KEY, delivery


def refusal(headers: list[tuple[str, str]]) -> HeaderRefused:
    """Why these are refused."""
    with pytest.raises(HeaderRefused) as refused:
        check_headers(headers)
    return refused.value


@pytest.mark.parametrize(("name", "value", "code"), BAD_HEADERS + WITH_NUL)
def test_bad_headers(name: str, value: str, code: str) -> None:
    """Each is refused by its code; neither message nor repr has the value."""
    refused = refusal([("x-good", "a"), (name, value)])

    assert refused.code == code
    assert CANARY not in str(refused) + repr(refused)


@pytest.mark.parametrize(("headers", "code"), BAD_SETS)
def test_bad_sets(headers: dict[str, str], code: str) -> None:
    """Too many, too much, or one of them twice."""
    refused = refusal(list(headers.items()))

    assert refused.code == code
    assert CANARY not in str(refused) + repr(refused)


@pytest.mark.parametrize(("name", "value"), GOOD_HEADERS)
def test_good_headers(name: str, value: str) -> None:
    """These are taken as they are; names in lower case."""
    assert check_headers([(name, value)]) == {name.lower(): value}


def test_as_many_and_as_much_as_may_be() -> None:
    """Twenty headers, and 16 KB of names and values together, are within the limits."""
    many = [(f"x-{n:02}", "a" * (16384 // 20 - 4)) for n in range(20)]
    much = [*many[:-1], ("x-19", "a" * (16384 // 20))]

    assert len(check_headers(many)) == 20
    assert sum(len(name) + len(value) for name, value in much) == 16384
    assert len(check_headers(much)) == 20
    assert refusal([*much[:-1], ("x-19", "a" * (16384 // 20 + 1))]).code == "header_size"


def test_what_is_said() -> None:
    """The message has the name and the reason; what is no name is not repeated."""
    assert str(refusal([("Proxy_Connection", "a")])) == (
        "the header proxy_connection cannot be set: it is about the connection, which is not yours"
    )
    assert str(refusal([("x-a", "")])) == (
        "the value of the header x-a is printable ASCII, with spaces and tabs only inside of it"
    )
    assert str(refusal([(CANARY + ":", "a")])) == ("the name of a header has letters, digits and !#$%&'*+-.^_`|~ only")


def test_all_that_we_set_is_reserved() -> None:
    """No header of our own can be named by a clinic, in any case."""
    for name in (*build(delivery(), [KEY], {}, 1772442000, "agent").headers, "host", "content-length"):
        with pytest.raises(HeaderRefused) as refused:
            check_header(name.title(), "a")
        assert refused.value.code == "header_reserved"


@pytest.mark.parametrize("entry", REFUSED)
def test_every_entry_is_reached(entry: str) -> None:
    """Each refused name, and each beginning with something behind it, also with underscores."""
    code, reason = REFUSED[entry]
    name = entry + "x" * entry.endswith("-")

    for spelling in (name, name.upper(), name.replace("-", "_")):
        refused = refusal([(spelling, "a")])
        assert (refused.code, str(refused)) == (code, f"the header {spelling.lower()} cannot be set: {reason}")
