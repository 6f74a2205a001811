"""preview_payload: the body that an event about a row would have; it emits nothing."""

import json
import re
from typing import Any

import pytest

from tests.sql import sources
from tests.sql.test_payload import things
from tests.support.host import CLINIC, Host

TIMESTAMP = re.compile(r'"timestamp" : "[^"]+"')


def previewed(host: Host, *arguments: object) -> str:
    """A previewed body, without its time."""
    marks = ", ".join(["%s"] * len(arguments))
    return TIMESTAMP.sub("", str(host.value(f"select outbound_webhooks.preview_payload({marks})", *arguments)))


def test_the_preview(sandbox: Host) -> None:
    """It is what is really emitted, to the letter, apart from the time; and nothing is emitted."""
    sandbox.rows("create table offers (id bigint primary key, price numeric)")
    sandbox.rows("insert into offers values (7, 99.9)")
    things(
        sandbox, "id bigint primary key, amount numeric, currency text, offer_id bigint, span interval, at timestamp",
        include={"span": "span", "at": "at"},
        related=[{"name": "it", "table": "offers", "by": "offer_id", "columns": {"n": "price"}, "amounts": ["n"]}],
    )  # fmt: skip
    sandbox.rows("set local intervalstyle = 'sql_standard'; set local timezone = 'Asia/Tokyo'")

    sandbox.rows("insert into things values (%s, 1, 10.5, 'BRL', 7, '1 day 02:03', '2026-01-31 12:00')", CLINIC)
    (emitted,) = sandbox.rows("select body from outbound_webhooks.events")

    assert previewed(sandbox, "things", "1") == TIMESTAMP.sub("", str(emitted["body"]))
    assert len(sources.types(sandbox)) == 1


@pytest.mark.parametrize(
    ("rules", "arguments", "event_type"),
    [
        ([("thing.b", "changed"), ("thing.a", "inserted"), ("thing.c", "inserted")], [], "thing.a"),
        ([("thing.b", "changed"), ("thing.c", "changed")], [], "thing.b"),
        ([("thing.a", "inserted")], ["thing.other"], "thing.other"),
    ],
)
def test_the_type_of_a_preview(sandbox: Host, rules: Any, arguments: list[str], event_type: str) -> None:
    """The one that is asked for, or that of an inserted row, or the source's first."""
    things(
        sandbox, "id bigint primary key, status text",
        rules=[
            {"type": name, "when": when, **({"field": "status"} if when == "changed" else {})} for name, when in rules
        ],
    )  # fmt: skip
    sandbox.rows("insert into things (id) values (1)")

    assert json.loads(previewed(sandbox, "things", "1", *arguments).replace(", ,", ","))["type"] == event_type


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("things", "99", None), "the source things has no row with the key '99'"),
        (("things", None, None), "the source things has no row with the key NULL"),
        (("nothing", "1", None), "there is no event source named 'nothing'"),
        (("things", "1", "made"), "event type 'made' is not resource.verb, each of letters, digits and _"),
    ],
)
def test_a_preview_of_nothing(sandbox: Host, arguments: tuple[str | None, ...], message: str) -> None:
    """It says what is missing."""
    things(sandbox, "id bigint primary key")
    sandbox.rows("insert into things (id) values (1)")

    with pytest.raises(Exception, match=re.escape(message)), sandbox.connection.transaction():
        sandbox.rows("select outbound_webhooks.preview_payload(%s, %s, %s)", *arguments)
