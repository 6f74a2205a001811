"""explain: why an endpoint got an event, or not, or not yet; and what became of a row of a watched table."""

import argparse
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import LiteralString

from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import Connection, UsageError, open_transaction
from dispatcher.core.redaction import redact

EXPLAIN_EXAMPLES = """\
examples:
  outbound-webhooks explain 019ad0b4-6b3c-7f21-9a51-0c5e5d0a8c11
  outbound-webhooks explain 019ad0b4-6b3c-7f21-9a51-0c5e5d0a8c11 7
  outbound-webhooks explain --source payment_transactions --key 4711

The first line below an endpoint is the answer, the others are reasons beside it. docs/explain.md has the codes.
"""

EVENT: LiteralString = (
    "select type, resource, resource_id, clinic_id, occurred_at, request_id, actor, split_part(traceparent, '-', 2)"
    " from outbound_webhooks.events where id = %s"
)
# One, or all of the clinic but for those that were retired and got nothing of it.
ENDPOINTS: LiteralString = """
    select n.id, n.url
    from outbound_webhooks.endpoints as n
    where n.id = %(endpoint)s::bigint
        or (
            %(endpoint)s::bigint is null
            and n.clinic_id = (select e.clinic_id from outbound_webhooks.events as e where e.id = %(event)s)
            and (
                n.state <> 'retired'
                or n.id in (select d.endpoint_id from outbound_webhooks.delivery_log as d where d.event_id = %(event)s)
            )
        )
    order by n.id
"""
EXPLAIN: LiteralString = "select delivery_id, code, words, since, until from outbound_webhooks.explain(%s, %s)"
EXPLAIN_ROW: LiteralString = (
    "select event_id, endpoint_id, code, words, since, until from outbound_webhooks.explain_row(%s, %s)"
)
NO_EVENT = "there is no such event: it never was, or it is older than what is kept"


def add_parsers(parsers: Parsers) -> None:
    """What says why something was sent, or not."""
    added = add_parser(
        parsers, "explain", explain, "Say why an endpoint got an event, or not, or not yet.", EXPLAIN_EXAMPLES
    )
    added.add_argument("event", nargs="?", type=uuid.UUID, help="the event's id: the webhook-id of its requests")
    added.add_argument("endpoint", nargs="?", type=at_least_one, help="its id; all of the clinic by default")
    added.add_argument("--source", help="instead of an event: the event source of a row")
    added.add_argument("--key", help="the row's id")


def explain(arguments: argparse.Namespace) -> None:
    """Explain an event, for one endpoint or for all of its clinic; or a row of a watched table."""
    about_a_row = [arguments.source is not None, arguments.key is not None]
    if any(about_a_row) != all(about_a_row) or any(about_a_row) == (arguments.event is not None):
        raise UsageError("say what to explain: EVENT, and perhaps ENDPOINT; or --source and --key of a row")
    with open_transaction() as connection:
        connection.execute("set local timezone = 'UTC'")
        if arguments.event is None:
            lines = list(_row(connection, arguments.source, arguments.key))
        else:
            lines = list(_event(connection, arguments.event, arguments.endpoint))
    print("\n".join(lines))


def _event(connection: Connection, event: object, endpoint: int | None) -> Iterator[str]:
    """The event, and of each endpoint the answer, with its reasons below."""
    found = connection.execute(EVENT, (event,)).fetchone()
    endpoints = connection.execute(ENDPOINTS, {"event": event, "endpoint": endpoint}).fetchall()
    if endpoint is not None and not endpoints:
        raise UsageError(f"there is no endpoint {endpoint}")
    if found is None and endpoint is None:
        raise UsageError(NO_EVENT)
    if found is not None:
        kind, resource, resource_id, clinic, at, *origin = found
        yield f"event {event}: {kind}, about {resource} {resource_id} of clinic {clinic}, {_moment(at)}"
        named = [f"{name} {value}" for name, value in zip(("request", "actor", "trace"), origin, strict=True) if value]
        if named:
            yield f"  written under {', '.join(named)}"
    if not endpoints:
        yield "  the clinic has no endpoint"
    for number, url in endpoints:
        yield f"endpoint {number}: {redact(url)}"
        answers = connection.execute(EXPLAIN, (event, number)).fetchall()
        for delivery, code, *said in answers:
            if code == "unknown_event":
                raise UsageError(NO_EVENT)
            other = f"delivery {delivery}: " if delivery != answers[0][0] else ""
            yield f"  {other}{_line(code, *said)}"


def _row(connection: Connection, source: str, key: str) -> Iterator[str]:
    """What is in the ledger, the events with what each endpoint got, and what is to be said besides."""
    yield f"row {key} of {source}"
    for event, endpoint, *answer in connection.execute(EXPLAIN_ROW, (source, key)):
        if endpoint is not None:
            yield f"    endpoint {endpoint}: {_line(*answer)}"
        else:
            yield f"  event {event}: {_line(*answer)}" if event else f"  {_line(*answer)}"


def _line(code: str, words: str, since: datetime | None, until: datetime | None) -> str:
    times = [f"{word} {_moment(at)}" for word, at in (("since", since), ("until", until)) if at is not None]
    return f"{code}: {words}" + (f" ({', '.join(times)})" if times else "")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"
