"""What stands behind the question mark, cursors, and values: what is read, and what is refused."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from dispatcher.admin.cursors import read_cursor, write_cursor
from dispatcher.admin.problems import Problem
from dispatcher.admin.queries import Page, read_query
from dispatcher.admin.values import Digits, Id, Moment
from tests.admin.client import API, Api


class Payments(Page):
    """Parameters of every kind."""

    endpoint_id: Id | None = None
    since: Moment | None = None
    type: Annotated[str, Field(max_length=10)] | None = None
    offset: Annotated[int, Digits] = 0


def read(query: str) -> Payments:
    """Read what stands behind a question mark."""
    return read_query(make_mocked_request("GET", f"/?{query}"), Payments)


def wrong(query: str) -> dict[str, str]:
    """What is refused, by path."""
    with pytest.raises(Problem) as refused:
        read(query)
    assert refused.value.code == "invalid_parameter"
    return {error["path"]: error["message"] for error in refused.value.errors}


def test_what_is_read() -> None:
    """Numbers, times with their zone, texts; the clinic is for the middlewares; defaults where there is nothing."""
    found = read("clinic_id=a&endpoint_id=7&since=2026-03-02T09:00:00%2B02:00&type=a%20b&offset=-3&limit=200")

    assert (found.endpoint_id, found.type, found.offset, found.limit, found.cursor) == (7, "a b", -3, 200, None)
    assert found.since == datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert read("").limit == 50


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("endpoint=7", {"/endpoint"}),
        ("limit=0", {"/limit"}),
        ("limit=201", {"/limit"}),
        ("limit=", {"/limit"}),
        ("limit=%201", {"/limit"}),
        ("limit=1.0", {"/limit"}),
        ("limit=1e1", {"/limit"}),
        ("limit=1_0", {"/limit"}),
        ("limit=%2B1", {"/limit"}),
        ("limit=01", {"/limit"}),
        ("limit=%D9%A1", {"/limit"}),
        ("limit=true", {"/limit"}),
        ("limit=" + "9" * 5000, {"/limit"}),
        ("limit=1&limit=1", {"/limit"}),
        ("endpoint_id=9223372036854775808", {"/endpoint_id"}),
        ("endpoint_id=-1", {"/endpoint_id"}),
        ("type=a%00b", {"/type"}),
        ("type=12345678901", {"/type"}),
        ("since=2026-03-02", {"/since"}),
        ("since=2026-03-02T09:00:00", {"/since"}),
        ("since=2026-03-02%2009:00:00Z", {"/since"}),
        ("since=2026-02-30T09:00:00Z", {"/since"}),
        ("since=0001-01-01T00:00:00%2B14:00", {"/since"}),
        ("since=1700000000", {"/since"}),
        ("since=now", {"/since"}),
        ("since=", {"/since"}),
        (
            "limit=x&since=y&endpoint_id=z&other=1&type=a&type=b",
            {"/limit", "/since", "/endpoint_id", "/other", "/type"},
        ),
    ],
    # A set is written in another order by each worker.
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_is_refused(query: str, paths: set[str]) -> None:
    """All that is wrong, at once, and without what was sent."""
    found = wrong(query)

    assert found.keys() == paths
    assert not any(text in message for message in found.values() for text in ("9999", "1700000000", "12345678901"))


async def test_a_parameter_that_nobody_reads(api: Api) -> None:
    """A route without parameters refuses one; after who asks is known, and counted."""
    path = f"{API}/api-keys?clinic_id=a&state=live"

    answer = await api.ask("GET", path, key=api.make_key("owner", "a"))

    assert answer.refusal == (400, "invalid_parameter")
    assert answer.json["errors"] == [{"path": "/state", "message": "Extra inputs are not permitted"}]
    assert "RateLimit" in answer.headers
    assert (await api.ask("GET", path)).refusal == (401, "unauthenticated")


VALUES = st.one_of(
    st.tuples(st.just(int), st.integers(-(2**63) + 1, 2**63 - 1)),
    st.tuples(st.just(str), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))),
    st.tuples(st.just(UUID), st.uuids()),
    st.tuples(st.just(datetime), st.datetimes(timezones=st.just(UTC))),
)


@given(st.lists(VALUES, max_size=4))
def test_a_cursor_is_read_as_it_was_written(pairs: list[tuple[type, Any]]) -> None:
    """Any values of the four types; in characters that a URL takes."""
    text = write_cursor(*(value for _, value in pairs))

    assert read_cursor(text, *(kind for kind, _ in pairs)) == tuple(value for _, value in pairs)
    assert text.isascii()
    assert text.replace("-", "a").replace("_", "a").isalnum()


GOOD = write_cursor(7, "a")


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "é", "ab==", GOOD[:-1], GOOD + "x", "[7,\"a\"]", write_cursor(7), write_cursor(7, "a", 1),
        write_cursor("7", "a"), write_cursor(7, 8), write_cursor(2**63, "a"), write_cursor(7, "\0"), "W1tbW1tb",
        "eyJhIjoxfQ", "W3RydWUsImEiXQ", "Wzcse31d", "W25hbix7fV0", "WzFlNDAwLCJhIl0", "WzcsIlx1ZDgwMCJd",
    ],
)  # fmt: skip
def test_a_cursor_of_somebody_else(text: str) -> None:
    """What was never written by us for this list is refused as a parameter."""
    with pytest.raises(Problem) as refused:
        read_cursor(text, int, str)

    assert refused.value.code == "invalid_parameter"
    assert refused.value.errors[0]["path"] == "/cursor"


@pytest.mark.parametrize("text", ["now", "2026-03-02T09:00:00", "2026", ""])
def test_a_cursor_with_a_time_that_is_none(text: str) -> None:
    """A time in a cursor has its zone."""
    with pytest.raises(Problem):
        read_cursor(write_cursor(text), datetime)


@given(st.text())
def test_any_text_as_a_cursor(text: str) -> None:
    """It is read, or refused; nothing else happens."""
    try:
        (found,) = read_cursor(text, int)
    except Problem:
        return
    assert isinstance(found, int)
