"""The form of an endpoint: what its fields ask for, and which of them were changed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dispatcher.admin.operations.endpoint_rows import Endpoint
from dispatcher.admin.ui.endpoint_form import changed_options, fields_of, given, read_headers, wanted_endpoint
from dispatcher.admin.ui.forms import Form, Invalid

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OFFERED = frozenset({"*", "invoice.*", "invoice.sent"})
SHOWN = Endpoint(
    endpoint_id=1,
    clinic_id="a",
    url="https://clinic.example/?[redacted]",
    description="two\nlines",
    event_types=["refund.created", "invoice.sent"],
    filter={"b": [1, 2.0, 2.5, None], "a": {"ä": "\n"}},
    state="active",
    state_reason=None,
    state_changed_at=NOW,
    ordering="per_resource",
    max_in_flight=10,
    requests_per_second=None,
    timeout_seconds=20,
    retry_schedule=[0, 60],
    created_at=NOW,
    status=None,
)


def form_of(shown: Form, **changes: str) -> Form:
    """The form as a browser sends it, line breaks and all, with some fields typed anew."""
    fields = [(name, value) for name in shown for value in shown.texts(name) if name not in changes]
    return Form([(name, value.replace("\n", "\r\n")) for name, value in [*fields, *changes.items()]])


def test_what_was_left_alone_says_nothing() -> None:
    """Not even a URL whose query was hidden, or numbers that JSON writes in two ways."""
    assert changed_options(form_of(fields_of(SHOWN, OFFERED))).changes() == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"description": "new"}, {"description": "new"}),
        ({"filter": ""}, {"filter": None}),
        ({"filter": '{"a":1}'}, {"filter": {"a": 1}}),
        ({"patterns": ""}, {"event_types": ["invoice.sent"]}),
        ({"patterns": "refund.created, *"}, {"event_types": ["*", "invoice.sent", "refund.created"]}),
        ({"requests_per_second": "5"}, {"requests_per_second": 5}),
        ({"retry_schedule": ""}, {"retry_schedule": None}),
        ({"retry_schedule": "0,60 ,\n300"}, {"retry_schedule": [0, 60, 300]}),
        ({"url": "https://clinic.example/new"}, {"url": "https://clinic.example/new"}),
    ],
)
def test_what_was_changed(changes: dict[str, str], expected: dict[str, Any]) -> None:
    """Alone is sent, as the API reads it."""
    assert changed_options(form_of(fields_of(SHOWN, OFFERED), **changes)).changes() == expected


def test_a_hidden_query_is_not_written_back() -> None:
    """Once the URL was touched, it has to be whole."""
    with pytest.raises(Invalid) as caught:
        changed_options(form_of(fields_of(SHOWN, OFFERED), url="https://clinic.example/new?[redacted]"))

    assert list(caught.value.errors) == ["url"]


def test_a_mark_says_nothing_of_the_option() -> None:
    """The page has it beside the field, and may be kept somewhere."""
    marks = [value for name, value in fields_of(SHOWN, OFFERED).items() if name.startswith("was.")]

    assert len(marks) == 9
    assert all(len(mark) == 24 and mark.isalnum() for mark in marks)


def test_fields_that_are_not_there() -> None:
    """Say nothing: a new endpoint has the defaults."""
    made = wanted_endpoint(Form([("url", "https://clinic.example/")]))

    assert given(Form()).options == {}
    assert (made.event_types, made.max_in_flight, made.headers, made.verify) == (["*"], 10, None, False)


def test_no_event_type() -> None:
    """A form without a ticked box asks for nothing, which is refused."""
    with pytest.raises(Invalid) as caught:
        wanted_endpoint(Form([("url", "https://clinic.example/"), ("patterns", "")]))

    assert list(caught.value.errors) == ["event_types"]


@pytest.mark.parametrize("text", ["x", ": 1\nx: 1\nX: 2"])
def test_headers_that_are_none(text: str) -> None:
    """What is wrong is said without what was typed: it may be a secret."""
    with pytest.raises(Invalid) as caught:
        read_headers(text)

    assert "1" not in caught.value.errors["headers"]


def test_headers() -> None:
    """A value may have colons; empty lines do not count."""
    assert read_headers(" X-A:  b:c \n\nd: e") == {"x-a": "b:c", "d": "e"}
