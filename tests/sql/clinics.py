"""Two clinics with rows in every table, and a session that works for one of them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tests.sql import steps
from tests.support.host import Host

ROLE = "outbound_webhooks_clinic"
MINE, THEIRS = "clinic-1", "clinic-2"

# What is another number at each look.
AGES = "{oldest_due_seconds}"

# What has rows of clinics, and may be read for a clinic.
READABLE = """
    select c.relname::text as name, c.relkind = 'v' as is_view,
        exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'clinic_id') as is_of_clinics
    from pg_class as c
    where c.relnamespace = 'outbound_webhooks'::regnamespace
        and c.relkind in ('r', 'p', 'v')
        and has_table_privilege('outbound_webhooks_clinic', c.oid, 'select')
    order by c.relname
"""


@dataclass(frozen=True)
class Things:
    """What a clinic has: an id of each kind."""

    endpoint: int
    secret: int
    delivery: int
    event: str
    replay: int


@contextmanager
def as_clinic(host: Host, setting: str | None) -> Iterator[None]:
    """Until the end: as outbound_webhooks_clinic, with this text as outbound_webhooks.clinics; None: it is not set."""
    with host.connection.transaction():
        if setting is not None:
            host.rows("select set_config('outbound_webhooks.clinics', %s, true)", setting)
        host.rows(f"set local role {ROLE}")
        yield
        host.rows("reset role")
        host.rows("reset outbound_webhooks.clinics")


def working_for(host: Host, *clinics: str) -> AbstractContextManager[None]:
    """Until the end: as outbound_webhooks_clinic, for these clinics; none: for an empty list of them."""
    return as_clinic(host, str(host.value("select %s::text[]::text", list(clinics))))


def populate(host: Host, clinic: str) -> Things:
    """Rows of a clinic in every table: endpoints, live, parked and finished deliveries, attempts, hours, ..."""
    created = steps.endpoint(host, clinic)
    paused = steps.endpoint(host, clinic)
    host.rows("select outbound_webhooks.set_headers(%s, %s)", created.id, '{"x-team": "payments"}')
    deliveries = steps.emit(host, 4, clinic)
    steps.set_state(host, paused.id, "paused")
    steps.settle(host)
    dispatcher = steps.register(host)
    claimed = [row for row in steps.claim(host, dispatcher) if row["endpoint_id"] == created.id]
    outcomes = (steps.SUCCEEDED, steps.DEAD, steps.RETRY)
    results = [steps.result(row, dispatcher, values) for row, values in zip(claimed, outcomes, strict=False)]
    steps.record(host, *results)
    replay = host.value("select replay_id from outbound_webhooks.replay(%s)", created.id)
    host.rows(
        "insert into outbound_webhooks.capture_errors (source, operation, clinic_id, error_code, message)"
        " values ('s', 'INSERT', %s, 'XX000', 'm')",
        clinic,
    )
    dead = int(claimed[1]["delivery_id"])
    assert dead in deliveries
    return Things(
        created.id,
        int(str(host.value("select id from outbound_webhooks.endpoint_secrets where endpoint_id = %s", created.id))),
        dead,
        str(claimed[1]["event_id"]),
        int(str(replay)),
    )


def rows_of(host: Host, relation: str, clinic: str | None = None) -> list[str]:
    """The rows of a relation, or a clinic's, as text, in one order, without ages: as whoever asks sees them."""
    condition = "true" if clinic is None else f"t.clinic_id = '{clinic}'"
    return [
        str(row["row"])
        for row in host.rows(
            f"select (to_jsonb(t) - '{AGES}'::text[])::text as row from outbound_webhooks.{relation} as t"
            f" where {condition} order by 1"
        )
    ]
