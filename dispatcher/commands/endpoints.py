"""create-endpoint, endpoints, pause, resume, retire: the receivers of a clinic."""

import argparse
import json
import sys

from dispatcher.commands.headers import read_headers
from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import open_transaction
from dispatcher.commands.switching import aligned
from dispatcher.core.redaction import redact


def add_parsers(parsers: Parsers) -> None:
    """Add the commands."""
    _add_create(parsers)
    listed = add_parser(parsers, "endpoints", endpoints, "List endpoints: their state, and what is kept for them.")
    listed.add_argument("--clinic", help="only those of this clinic")
    paused = add_parser(parsers, "pause", pause, "Send nothing more to an endpoint, and keep what is due to it.")
    paused.add_argument("endpoint", type=at_least_one, help="its id")
    paused.add_argument("--reason", help="for those who look at it later")
    resumed = add_parser(parsers, "resume", resume, "Send again to an endpoint that was paused or disabled.")
    resumed.add_argument("endpoint", type=at_least_one, help="its id")
    resumed.add_argument(
        "--rate", type=at_least_one, help="of what was kept, so many deliveries a second (as before; 100 at first)"
    )
    retired = add_parser(parsers, "retire", retire, "Retire an endpoint for good, and cancel what is due to it.")
    retired.add_argument("endpoint", type=at_least_one, help="its id")
    retired.add_argument("--reason", help="for those who look at it later")


def _add_create(parsers: Parsers) -> None:
    added = add_parser(parsers, "create-endpoint", create_endpoint, "Create an endpoint; prints its signing key, once.")
    added.add_argument("clinic", help="the clinic's id, as the watched table has it")
    added.add_argument("url", help="where to send: https://...")
    added.add_argument(
        "--event-types",
        default="*",
        metavar="PATTERNS",
        help="comma-separated: payment_transaction.created, payment_transaction.* or * (default)",
    )
    added.add_argument("--ordered", action="store_true", help="events about one payment arrive in commit order")
    added.add_argument("--max-in-flight", type=at_least_one, default=10, help="requests at once (default 10)")
    added.add_argument("--rate", type=at_least_one, help="requests a second, at most; no limit by default")
    added.add_argument("--timeout", type=at_least_one, default=20, help="seconds for a request (default 20)")
    added.add_argument(
        "--headers",
        metavar="FILE",
        help="headers that each request has, as `headers set` reads them; - for standard input",
    )


def create_endpoint(arguments: argparse.Namespace) -> None:
    """Create an endpoint of a clinic; print its signing key, once."""
    headers = None if arguments.headers is None else json.dumps(read_headers(arguments.headers))
    with open_transaction() as connection:
        row = connection.execute(
            "select endpoint_id, secret from outbound_webhooks.create_endpoint(%s, %s, %s, p_ordering => %s,"
            " p_max_in_flight => %s, p_requests_per_second => %s, p_timeout_seconds => %s,"
            " p_headers => %s::text::jsonb)",
            (
                arguments.clinic,
                arguments.url,
                arguments.event_types.split(","),
                "per_resource" if arguments.ordered else "none",
                arguments.max_in_flight,
                arguments.rate,
                arguments.timeout,
                headers,
            ),
        ).fetchone()
    assert row is not None
    print(f"endpoint {row[0]}")
    print(f"signing key {row[1]}")
    print("the key is not shown again: give it to the receiver", file=sys.stderr)


def endpoints(arguments: argparse.Namespace) -> None:
    """List the endpoints that are not retired: state, breaker, what is in flight and what is kept."""
    with open_transaction() as connection:
        rows = connection.execute(
            "select s.id::text, s.clinic_id, s.state || coalesce(' (' || s.reason || ')', ''),"
            " s.breaker || coalesce(' until ' || to_char(s.probe_at, 'HH24:MI:SSOF'), ''),"
            " s.in_flight || ' of ' || s.allowed_in_flight, s.parked::text, s.failures::text, s.url"
            " from outbound_webhooks.endpoint_status as s"
            " where s.state <> 'retired' and (%(clinic)s::text is null or s.clinic_id = %(clinic)s)"
            " order by s.clinic_id, s.id",
            {"clinic": arguments.clinic},
        ).fetchall()
    if not rows:
        print("there are no endpoints" + (f" of clinic {arguments.clinic}" if arguments.clinic else ""))
        return
    shown = [(*row[:-1], redact(row[-1])) for row in rows]
    for line in aligned([("id", "clinic", "state", "breaker", "in flight", "parked", "failures", "url"), *shown]):
        print(line)


def pause(arguments: argparse.Namespace) -> None:
    """Pause an endpoint."""
    with open_transaction() as connection:
        connection.execute("select outbound_webhooks.pause_endpoint(%s, %s)", (arguments.endpoint, arguments.reason))
    print(f"endpoint {arguments.endpoint} is paused: what is due to it is kept until `resume`")


def resume(arguments: argparse.Namespace) -> None:
    """Resume an endpoint that was paused or disabled; say how much was kept."""
    with open_transaction() as connection:
        connection.execute("select outbound_webhooks.resume_endpoint(%s, %s)", (arguments.endpoint, arguments.rate))
        row = connection.execute(
            "select count(*), max(f.drain_rate) from outbound_webhooks.endpoint_flow as f"
            " join outbound_webhooks.deliveries as d on d.endpoint_id = f.endpoint_id and d.parked_reason is not null"
            " where f.endpoint_id = %s",
            (arguments.endpoint,),
        ).fetchone()
    assert row is not None
    print(f"endpoint {arguments.endpoint} is active again")
    if row[0]:
        print(f"{row[0]} deliveries were kept, and are sent at up to {row[1]} a second")


def retire(arguments: argparse.Namespace) -> None:
    """Retire an endpoint."""
    with open_transaction() as connection:
        connection.execute("select outbound_webhooks.retire_endpoint(%s, %s)", (arguments.endpoint, arguments.reason))
    print(f"endpoint {arguments.endpoint} is retired: what is due to it is cancelled within seconds")
