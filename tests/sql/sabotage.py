"""What can be done to us, what mends it, and what then stands in the ledger and was told."""

from typing import Any

from tests.sql import steps
from tests.support.host import MAPPING, Host

WATCH = "select outbound_webhooks.watch('payment_transactions', %s)"
PAYLOAD = "create or replace function outbound_webhooks.payload_payment_transactions(payment anyelement, previous json"
BROKEN = PAYLOAD + " default null) returns json language plpgsql as $$ begin return payment.no_such_column; end $$"

DROP_PARTITIONS = (
    "do $$ begin execute (select string_agg('drop table ' || inhrelid::regclass, ';') from pg_inherits"
    " where inhparent = 'outbound_webhooks.events'::regclass); end $$"
)

# What is done to us, and what mends it. A lock is sabotage of its own: it is held by another session.
SABOTAGE = {
    "our function raises": (
        BROKEN,
        "drop function outbound_webhooks.payload_payment_transactions; " + WATCH.replace("%s", f"'{MAPPING}'"),
    ),
    "payload function dropped": (
        "drop function outbound_webhooks.payload_payment_transactions",
        WATCH.replace("%s", f"'{MAPPING}'"),
    ),
    "column renamed": (
        "alter table payment_transactions rename column status to state",
        WATCH.replace("%s", "'" + MAPPING.replace("}", ', "status": "state"}') + "'"),
    ),
    "id column renamed": (
        "alter table payment_transactions rename column id to number",
        WATCH.replace("%s", "'" + MAPPING.replace("}", ', "id": "number"}') + "'"),
    ),
    "permission revoked": (
        "revoke insert on outbound_webhooks.events from outbound_webhooks_owner",
        "grant insert on outbound_webhooks.events to outbound_webhooks_owner",
    ),
    "partition missing": (
        DROP_PARTITIONS,
        "select outbound_webhooks.ensure_partitions(1)",
    ),
    "a column of ours renamed": (
        "alter table outbound_webhooks.deliveries rename column endpoint_id to endpoint",
        "alter table outbound_webhooks.deliveries rename column endpoint to endpoint_id",
    ),
}


def ledger(host: Host, *, still_open: bool = True) -> list[steps.Row]:
    """The ledger, oldest first."""
    condition = "where recaptured_at is null" if still_open else ""
    return host.rows(f"select * from outbound_webhooks.capture_errors {condition} order by id")


def told(host: Host) -> list[tuple[str, str, Any]]:
    """Type, status and what was before, of every event, oldest first."""
    return [
        (body["type"].partition(".")[2], body["data"]["status"], body["data"]["previous"])
        for body in steps.bodies(host)
    ]
