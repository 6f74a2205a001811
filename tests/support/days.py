"""Days that are over, with what happened on them: partitions and rows as they would be there if the test had waited."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from tests.support.host import CLINIC, Host

PARENTS = ("events", "attempts", "finished_deliveries_done", "finished_deliveries_dead")


def today(host: Host) -> date:
    """The server's day, in UTC."""
    found = host.value("select (now() at time zone 'UTC')::date")
    assert isinstance(found, date)
    return found


def ago(host: Host, days: int) -> date:
    """The day so many days before today."""
    return today(host) - timedelta(days=days)


def noon(day: date) -> datetime:
    """The middle of a day."""
    return datetime.combine(day, time(12), tzinfo=UTC)


def name_of(parent: str, day: date) -> str:
    """What the partition of a day is called."""
    return f"{parent}_{day:%Y%m%d}"


def add_day(host: Host, day: date, *parents: str) -> None:
    """Make the partitions of a day, as ensure_partitions does, those that are not there: of these tables, or of all."""
    for parent in parents or PARENTS:
        name = name_of(parent, day)
        if name in tables(host):  # the database may have been made a day before the test
            continue
        host.rows(f"create table outbound_webhooks.{name} (like outbound_webhooks.{parent} including all)")
        host.rows(f"alter table outbound_webhooks.{name} owner to outbound_webhooks_owner")
        host.rows("select outbound_webhooks.attach_partition(%s, %s, %s)", parent, name, day)
        host.rows("select outbound_webhooks.protect_table(%s::text::regclass)", f"outbound_webhooks.{name}")


def add_event(host: Host, day: date) -> UUID:
    """An event of a day; returns its id."""
    found = host.value(
        "insert into outbound_webhooks.events (id, clinic_id, type, resource, resource_id, occurred_at, body)"
        " values (outbound_webhooks.uuid_v7(%s), %s, 'payment_transaction.created', 'payment_transaction', '1', %s,"
        " '{}') returning id",
        noon(day), CLINIC, noon(day),
    )  # fmt: skip
    assert isinstance(found, UUID)
    return found


def add_live(host: Host, event: UUID, endpoint: int = 1, parked: str | None = None) -> None:
    """A delivery of an event that is pending or parked."""
    host.rows(
        "insert into outbound_webhooks.deliveries (event_id, endpoint_id, clinic_id, parked_reason)"
        " values (%s, %s, %s, %s)",
        event, endpoint, CLINIC, parked,
    )  # fmt: skip


def add_finished(host: Host, event: UUID, state: str, day: date, endpoint: int = 1) -> None:
    """A delivery of an event that ended on a day."""
    host.rows(
        "insert into outbound_webhooks.finished_deliveries (id, event_id, endpoint_id, clinic_id, state, reason,"
        " created_at, finished_at, attempt_count, failure_count)"
        " values (nextval('outbound_webhooks.delivery_ids'), %s, %s, %s, %s, %s, %s, %s, 1, 0)",
        event, endpoint, CLINIC, state, None if state == "succeeded" else "a test", noon(day), noon(day),
    )  # fmt: skip


def partitions(host: Host) -> set[str]:
    """Every daily partition that is attached and not about to be detached."""
    rows = host.rows(
        "select c.relname as name from pg_inherits as i join pg_class as c on c.oid = i.inhrelid"
        " where i.inhparent = any (%s::regclass[]) and not i.inhdetachpending",
        [f"outbound_webhooks.{parent}" for parent in PARENTS],
    )
    return {str(row["name"]) for row in rows}


def tables(host: Host) -> set[str]:
    """Every table of a day, attached or not."""
    rows = host.rows(
        "select relname as name from pg_class where relnamespace = 'outbound_webhooks'::regnamespace"
        r" and relkind = 'r' and relname ~ '_\d{8}$'"
    )
    return {str(row["name"]) for row in rows}
