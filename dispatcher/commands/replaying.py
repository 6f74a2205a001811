"""retry, replay, replays, replay-stop, replay-resume, cancel: deliveries again, or given up."""

import argparse
import sys
import time
from typing import LiteralString

from psycopg.rows import dict_row
from psycopg.sql import SQL

from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import Connection, UsageError, connected, open_transaction, transaction
from dispatcher.commands.switching import aligned

REPLAY_EXAMPLES = """\
examples:
  outbound-webhooks replay --endpoint 7 --dry-run
  outbound-webhooks replay --endpoint 7 --since '2026-03-01 09:00' --state any --rate 50
  outbound-webhooks replay --clinic 42 --type 'payment_transaction.*' --error-class timeout
  outbound-webhooks replay --resource payment_transaction:4711 --state any
  outbound-webhooks replay --endpoint 8 --since 2026-03-01 --reevaluate
"""

LOOK_SECONDS = 0.5  # between two looks at how far a replay is
CANCELLED_AT_ONCE = 10_000

SELECTION = SQL(
    "p_endpoint_id => %(endpoint)s, p_clinic_id => %(clinic)s, p_type => %(type)s, p_since => %(since)s,"
    " p_until => %(until)s, p_resource => %(resource)s, p_resource_id => %(resource_id)s, p_dry_run => %(dry_run)s"
)
REPLAY = SQL(
    "select replay_id, deliveries from outbound_webhooks.replay({}, p_state => %(state)s,"
    " p_error_class => %(error_class)s, p_rate => %(rate)s)"
).format(SELECTION)
REEVALUATE = SQL("select replay_id, deliveries from outbound_webhooks.reevaluate({}, p_rate => %(rate)s)").format(
    SELECTION
)
CANCEL = SQL(
    "select cancelled, in_flight, more from outbound_webhooks.cancel_deliveries({}, p_state => %(state)s,"
    " p_reason => %(reason)s, p_limit => %(limit)s)"
).format(SELECTION)
PROGRESS: LiteralString = (
    "select r.state, r.moved, r.skipped, r.total, outbound_webhooks.skipped_count(r) as skipped_count"
    " from outbound_webhooks.replays as r where r.id = %s"
)


def add_parsers(parsers: Parsers) -> None:
    """What sends deliveries again, or gives them up."""
    again = add_parser(parsers, "retry", retry, "Send one delivery again, now, with the same webhook-id and body.")
    again.add_argument("delivery", type=at_least_one, help="its id")
    many = add_parser(
        parsers,
        "replay",
        replay,
        "Send many finished deliveries again; shows how far it is.",
        REPLAY_EXAMPLES,
    )
    _add_selection(many)
    many.add_argument("--state", choices=["dead", "succeeded", "cancelled", "any"], help="dead by default")
    many.add_argument("--error-class", metavar="CLASS", help="of the last attempt: timeout, http_status, ...")
    many.add_argument("--rate", type=at_least_one, default=100, help="deliveries a second, at most (default 100)")
    many.add_argument(
        "--reevaluate",
        action="store_true",
        help="instead: past events for endpoints that ask for them today and have no delivery of them",
    )
    many.add_argument("--detach", action="store_true", help="do not wait until it is done")
    add_parser(parsers, "replays", replays, "List replays: what they are about, and how far they are.")
    stopped = add_parser(parsers, "replay-stop", stop, "Stop a replay; it can go on later.")
    resumed = add_parser(parsers, "replay-resume", resume, "Go on with a replay that was stopped.")
    for parser in (stopped, resumed):
        parser.add_argument("replay", type=at_least_one, help="its id")
    given_up = add_parser(parsers, "cancel", cancel, "Give up deliveries that wait or are parked.")
    _add_selection(given_up)
    given_up.add_argument("--state", choices=["pending", "parked"], help="both by default")
    given_up.add_argument("--reason", default="cancelled by hand", help="stays with each of them")


def _add_selection(parser: argparse.ArgumentParser) -> None:
    """Which deliveries are meant: all that is named has to fit."""
    parser.add_argument("--endpoint", type=at_least_one, metavar="ID", help="those of this endpoint")
    parser.add_argument("--clinic", help="those of this clinic")
    parser.add_argument(
        "--type", metavar="PATTERN", help="of events of this type: payment_transaction.created, payment_transaction.*"
    )
    parser.add_argument("--since", metavar="TIME", help="of events from this time on, UTC unless it says otherwise")
    parser.add_argument("--until", metavar="TIME", help="of events before this time")
    parser.add_argument("--resource", metavar="RESOURCE[:ID]", help="of events about payment_transaction:4711")
    parser.add_argument("--dry-run", action="store_true", help="say how many there are, and do nothing")


def retry(arguments: argparse.Namespace) -> None:
    """Send one delivery again."""
    with open_transaction() as connection:
        row = connection.execute("select outbound_webhooks.retry_delivery(%s)", (arguments.delivery,)).fetchone()
    assert row is not None
    print(f"delivery {arguments.delivery}: {row[0]}")


def replay(arguments: argparse.Namespace) -> int:
    """Start a replay, or a reevaluation, and show how far it is until it is done; exit code 1 if it was stopped."""
    if arguments.reevaluate and (arguments.state or arguments.error_class):
        raise UsageError("--reevaluate is about events, not deliveries: it takes no --state and no --error-class")
    state = arguments.state or "dead"
    chosen = {
        **_selection(arguments),
        "state": None if state == "any" else state,
        "error_class": arguments.error_class,
        "rate": arguments.rate,
    }
    with connected() as connection:
        connection.execute("set timezone = 'UTC'")
        with transaction(connection):
            row = connection.execute(REEVALUATE if arguments.reevaluate else REPLAY, chosen).fetchone()
        assert row is not None
        replay_id, count = row
        if arguments.dry_run:
            print(f"{count} deliveries would be {'made' if arguments.reevaluate else 'sent again'}")
            return 0
        if replay_id is None:
            print("there is nothing to replay")
            return 0
        print(f"replay {replay_id}: {count} deliveries, at up to {arguments.rate} a second", flush=True)
        if not _has_leader(connection):
            _tell("no dispatcher runs that could do it: it begins once one does (outbound-webhooks run)")
        if arguments.detach:
            return 0
        return _follow(connection, replay_id)


def replays(_: argparse.Namespace) -> None:
    """List replays, the newest first."""
    with open_transaction() as connection:
        connection.execute("set local timezone = 'UTC'")
        rows = connection.execute(
            "select r.id::text, r.kind, r.state, r.moved || ' of ' || r.total,"
            " outbound_webhooks.skipped_count(r)::text, r.rate::text, to_char(r.started_at, 'YYYY-MM-DD HH24:MI:SSOF'),"
            " r.started_by || coalesce(' (' || r.actor || ')', ''),"
            " (select string_agg(key || ' ' || value, ', ') from jsonb_each_text(jsonb_strip_nulls(jsonb_build_object("
            "  'endpoint', r.endpoint_id, 'clinic', r.clinic_id, 'type', r.event_type, 'state', r.delivery_state,"
            "  'since', r.since, 'until', r.until, 'resource', r.resource || coalesce(':' || r.resource_id, ''),"
            "  'error', r.error_class))))"
            " from outbound_webhooks.replays as r order by r.id desc"
        ).fetchall()
    if not rows:
        print("there are no replays")
        return
    heads = ("id", "kind", "state", "moved", "skipped", "rate", "started", "by", "which")
    for line in aligned([heads, *rows]):
        print(line)


def stop(arguments: argparse.Namespace) -> None:
    """Stop a replay."""
    with open_transaction() as connection:
        connection.execute("select outbound_webhooks.stop_replay(%s)", (arguments.replay,))
    print(f"replay {arguments.replay} is stopped: outbound-webhooks replay-resume {arguments.replay} goes on with it")


def resume(arguments: argparse.Namespace) -> None:
    """Go on with a replay that was stopped."""
    with open_transaction() as connection:
        connection.execute("select outbound_webhooks.resume_replay(%s)", (arguments.replay,))
    print(f"replay {arguments.replay} goes on: outbound-webhooks replays shows how far it is")


def cancel(arguments: argparse.Namespace) -> None:
    """Cancel what waits or is parked, batch by batch."""
    chosen = {
        **_selection(arguments),
        "state": arguments.state,
        "reason": arguments.reason,
        "limit": CANCELLED_AT_ONCE,
    }
    total = 0
    with connected() as connection:
        connection.execute("set timezone = 'UTC'")
        while True:
            with transaction(connection):
                row = connection.execute(CANCEL, chosen).fetchone()
            assert row is not None
            cancelled, in_flight, more = row
            total += cancelled
            if not more:
                break
            _tell(f"{total} deliveries")
    print(f"{total} deliveries {'would be' if arguments.dry_run else 'were'} cancelled")
    if in_flight:
        print(f"{in_flight} are in flight, and {'would be' if arguments.dry_run else 'were'} left alone")


def _selection(arguments: argparse.Namespace) -> dict[str, object]:
    """What the options that choose say, as parameters of the SQL functions."""
    resource, _, resource_id = (arguments.resource or "").partition(":")
    return {
        "endpoint": arguments.endpoint,
        "clinic": arguments.clinic,
        "type": arguments.type,
        "since": arguments.since,
        "until": arguments.until,
        "resource": resource or None,
        "resource_id": resource_id or None,
        "dry_run": arguments.dry_run,
    }


def _has_leader(connection: Connection) -> bool:
    row = connection.execute(
        "select exists (select from outbound_webhooks.leadership as l where l.held_until > clock_timestamp())"
    ).fetchone()
    return row == (True,)


def _follow(connection: Connection, replay_id: int) -> int:
    """Tell how far it is, whenever that changed, until it is done or stopped."""
    told = None
    try:
        while True:
            row = connection.cursor(row_factory=dict_row).execute(PROGRESS, (replay_id,)).fetchone()
            assert row is not None
            if row["state"] != "running":
                break
            if (row["moved"], row["skipped_count"]) != told:
                told = (row["moved"], row["skipped_count"])
                _tell(f"{row['moved'] + row['skipped_count']} of {row['total']} deliveries")
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        _tell(
            f"replay {replay_id} goes on without being watched; to stop it: outbound-webhooks replay-stop {replay_id}"
        )
        return 130
    print(f"{row['moved']} of {row['total']} deliveries were made due")
    for reason, count in sorted(row["skipped"].items()):
        print(f"{count} were left as they are: {reason}")
    if row["state"] == "stopped":
        print(f"the replay was stopped: outbound-webhooks replay-resume {replay_id} goes on with it")
        return 1
    return 0


def _tell(line: str) -> None:
    print(f"outbound-webhooks: {line}", file=sys.stderr, flush=True)
