"""What can be missing of a watched table, or not be known: what leads there, by the code that it has."""

from collections.abc import Callable

from tests.sql import sources
from tests.sql.reconciling import delete_event, untold, update
from tests.sql.sabotage import SABOTAGE
from tests.sql.steps import endpoint, set_state
from tests.support.days import add_day, add_event, ago
from tests.support.host import CLINIC, Host

CAPTURE = "select outbound_webhooks.set_capture(%s)"
DELIVERY = "outbound_webhooks.deliveries"


def row_without_event(host: Host) -> None:
    """The event of an inserted row was deleted by hand."""
    endpoint(host)
    delete_event(host, host.pay(), "created")


def change_without_event(host: Host) -> None:
    """The trigger was disabled for one update."""
    endpoint(host)
    payment = host.pay()
    with untold(host):
        update(host, payment, "status = 'paid'")


def change_between_events(host: Host) -> None:
    """Of two changes the event of the first was deleted by hand."""
    endpoint(host)
    payment = host.pay()
    update(host, payment, "status = 'paid'")
    delete_event(host, payment, "status_changed")
    update(host, payment, "status = 'refunded'")


def event_without_delivery(host: Host) -> None:
    """A delivery was deleted by hand."""
    endpoint(host)
    host.pay()
    host.rows(f"delete from {DELIVERY}")


def in_ledger(host: Host) -> None:
    """The capture failed."""
    endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    host.pay()
    host.rows(SABOTAGE["payload function dropped"][1])


def capture_off(host: Host) -> None:
    """Inserted while the switch was off."""
    endpoint(host)
    host.rows(CAPTURE, False)
    host.pay()
    host.rows(CAPTURE, True)


def partly_off(host: Host) -> None:
    """Changed, untold; whether that was while capture was off nobody can say."""
    endpoint(host)
    payment = host.pay()
    host.rows(CAPTURE, False)
    host.rows(CAPTURE, True)
    with untold(host):
        update(host, payment, "status = 'paid'")


def partly_no_endpoint(host: Host) -> None:
    """Changed, untold, since an endpoint was retired, and before another one was made."""
    first = endpoint(host)
    payment = host.pay()
    set_state(host, first.id, "retired")
    host.rows("update outbound_webhooks.endpoints set state_changed_at = clock_timestamp()")
    update(host, payment, "status = 'paid'")
    endpoint(host)


def rules_changed(host: Host) -> None:
    """The rule that would tell the change was made after it, or before; nobody can say."""
    endpoint(host)
    payment = host.pay()
    with untold(host):
        update(host, payment, "status = 'paid'")
    host.rows(
        "update outbound_webhooks.event_sources set rules = rules || %s::jsonb",
        '{"type": "payment_transaction.settled", "when": "changed", "field": "status", "to": "paid"}',
    )


def not_kept(host: Host) -> None:
    """The row is older than what is kept of events."""
    endpoint(host)
    host.rows("update outbound_webhooks.endpoints set created_at = now() - interval '90 days'")
    host.rows("update outbound_webhooks.event_sources set created_at = now() - interval '90 days'")
    host.rows(
        "insert into outbound_webhooks.audit_log (at, action, subject, details)"
        " values (now() - interval '90 days', 'settings.changed', 'settings', %s)",
        '{"before": {"capture": false}, "after": {"capture": true}}',
    )
    with untold(host):
        update(host, host.pay(), "created_at = now() - interval '60 days'")


def limit_changed(host: Host) -> None:
    """A refund of the whole amount, and then the amount was raised: at no moment it grew, and was below."""
    endpoint(host)
    payment = host.pay()
    update(host, payment, "refunded_cents = amount_cents")
    update(host, payment, "amount_cents = 2000")


def silent(host: Host) -> None:
    """The row was there before the clinic had an endpoint: no event is there that it could be compared with."""
    host.pay()
    endpoint(host)


def no_time(host: Host) -> None:
    """Of a table that does not say when a row was made the event of an insertion was deleted by hand."""
    endpoint(host)
    host.rows("create table things (id bigint primary key, clinic_id text, status text)")
    sources.watch(host, "things", "thing")
    host.rows("insert into things values (1, %s, 'new')", CLINIC)
    host.rows("update things set status = 'old'")
    delete_event(host, 1, "created")


def no_delivery(host: Host) -> None:
    """An event of a day of which the finished deliveries are gone."""
    endpoint(host)
    host.rows("update outbound_webhooks.endpoints set created_at = now() - interval '90 days'")
    add_day(host, ago(host, 40), "events")
    event = add_event(host, ago(host, 40))
    host.rows("update outbound_webhooks.events set source = 'payment_transactions' where id = %s", event)


def delivered_twice(host: Host) -> None:
    """A delivery was copied by hand."""
    endpoint(host)
    host.pay()
    host.rows(
        f"insert into {DELIVERY} (event_id, endpoint_id, clinic_id)"
        f" select event_id, endpoint_id, clinic_id from {DELIVERY}"
    )


def delivery_without_event(host: Host) -> None:
    """An event was deleted by hand, and not its delivery."""
    endpoint(host)
    host.rows(
        f"insert into {DELIVERY} (event_id, endpoint_id, clinic_id) select outbound_webhooks.uuid_v7(), 1, %s", CLINIC
    )


# What leads there, and of which kind it is.
REACHED: dict[str, tuple[Callable[[Host], None], str]] = {
    "row_without_event": (row_without_event, "gap"),
    "change_without_event": (change_without_event, "gap"),
    "change_between_events": (change_between_events, "gap"),
    "event_without_delivery": (event_without_delivery, "gap"),
    "in_ledger": (in_ledger, "ledger"),
    "capture_off": (capture_off, "off"),
    "partly_off": (partly_off, "unknown"),
    "partly_no_endpoint": (partly_no_endpoint, "unknown"),
    "rules_changed": (rules_changed, "unknown"),
    "not_kept": (not_kept, "unknown"),
    "limit_changed": (limit_changed, "unknown"),
    "silent": (silent, "unknown"),
    "no_time": (no_time, "unknown"),
    "no_delivery": (no_delivery, "unknown"),
    "delivered_twice": (delivered_twice, "surplus"),
    "delivery_without_event": (delivery_without_event, "surplus"),
}
