"""What is compared: the statements of a host, and what its table has on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString

ROWS = 10_000  # payments that are there to be updated
BULK = 100  # rows of a bulk INSERT
ENDPOINTS = 3  # of the clinic whose payments are captured
OTHER_CLINICS = 300  # with an endpoint each: a search that read all endpoints would show
CLINIC = "clinic-1"
WRITER = "bench_writer"  # who writes payments: not a superuser, whom PostgreSQL asks for no privilege at all

NO_TRIGGER = "no trigger"
MINIMAL = "minimal"
OURS = "ours"
NOTIFYING = "always notify"

TABLES: Mapping[str, str] = {
    NO_TRIGGER: "payments_untouched",
    MINIMAL: "payments_by_hand",
    OURS: "payment_transactions",
    NOTIFYING: "payment_transactions",  # the same trigger; but somebody always sleeps, so that every writer rings
}


@dataclass(frozen=True)
class Operation:
    """A statement on one host table.

    Attributes:
        statement: with {table}, and {row} where it names the id of a payment.
        variants: what it is measured on; the ones that would do nothing else than another are left out.
        clients: numbers of sessions that run it at once.
        events: how many events one statement makes where changes are captured.
    """

    name: str
    statement: str
    variants: tuple[str, ...]
    clients: tuple[int, ...]
    events: int

    def on(self, variant: str, row: str) -> str:
        """The statement on a variant's table."""
        return self.statement.format(table=TABLES[variant], row=row)


ALL_VARIANTS = (NO_TRIGGER, MINIMAL, OURS, NOTIFYING)

INSERT = Operation(
    "single INSERT",
    f"insert into {{table}} (clinic_id, amount_cents) values ('{CLINIC}', 14900)",
    ALL_VARIANTS, (1, 8, 32), events=1,
)  # fmt: skip
RELEVANT = Operation(
    "relevant UPDATE",
    "update {table} set status = case status when 'pending' then 'paid'::payment_status else 'pending' end"
    " where id = {row}",
    ALL_VARIANTS, (1, 8, 32), events=1,
)  # fmt: skip
IRRELEVANT = Operation(
    "irrelevant UPDATE",
    "update {table} set updated_at = clock_timestamp() where id = {row}",
    (NO_TRIGGER, OURS), (1, 8, 32), events=0,
)  # fmt: skip
NO_ENDPOINT = Operation(
    "INSERT, clinic without endpoint",
    "insert into {table} (clinic_id, amount_cents) values ('clinic-without', 14900)",
    (NO_TRIGGER, OURS), (1, 8, 32), events=0,
)  # fmt: skip
BULK_INSERT = Operation(
    f"INSERT of {BULK} rows",
    f"insert into {{table}} (clinic_id, amount_cents) select '{CLINIC}', 14900 from generate_series(1, {BULK})",
    (NO_TRIGGER, MINIMAL, OURS), (1, 8), events=BULK,
)  # fmt: skip

OPERATIONS = (INSERT, RELEVANT, IRRELEVANT, NO_ENDPOINT, BULK_INSERT)

# The least that a person would write by hand to have the same rows in the same tables: no types, no filters, no
# switches, no ledger, no pinned search_path; the payload and both event types are part of the text.
MINIMAL_TRIGGER: LiteralString = """
create function payment_by_hand() returns trigger language plpgsql as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_id constant uuid := <new id>;
    v_type constant text := case tg_op
        when 'INSERT' then 'payment_transaction.created' else 'payment_transaction.status_changed'
    end;
begin
    insert into outbound_webhooks.events (id, clinic_id, type, resource, resource_id, occurred_at, body)
    values (
        v_id, new.clinic_id, v_type, 'payment_transaction', new.id, v_now,
        json_build_object('type', v_type, 'timestamp', v_now, 'data', json_build_object(
            'id', new.id::text, 'clinic_id', new.clinic_id, 'status', new.status, 'amount', new.amount_cents,
            'refunded_amount', new.refunded_cents, 'currency', new.currency, 'created_at', new.created_at,
            'updated_at', new.updated_at,
            'previous', case when tg_op = 'UPDATE' then json_build_object('status', old.status) end
        ))::text
    );
    insert into outbound_webhooks.deliveries (event_id, endpoint_id, clinic_id)
    select v_id, e.id, e.clinic_id
    from outbound_webhooks.endpoints as e
    where e.clinic_id = new.clinic_id and e.state <> 'retired';
    return null;
end
$$;
create trigger by_hand_insert after insert on payments_by_hand
    for each row execute function payment_by_hand();
create trigger by_hand_update after update on payments_by_hand
    for each row when (old.status is distinct from new.status) execute function payment_by_hand();
"""

# What the host's role needs; the last lines only for the minimal trigger, which writes with its caller's rights.
GRANTS: LiteralString = f"""
create role {WRITER};
grant select, insert, update on payments_untouched, payments_by_hand, payment_transactions to {WRITER};
grant usage on all sequences in schema public to {WRITER};
grant usage on schema outbound_webhooks to {WRITER};
-- By hand, it writes our tables itself; row-level security is not to cost it what it does not cost the owner.
alter role {WRITER} bypassrls;
grant insert on outbound_webhooks.events, outbound_webhooks.deliveries to {WRITER};
grant usage on sequence outbound_webhooks.delivery_ids to {WRITER};
grant select on outbound_webhooks.endpoints to {WRITER};
"""

# The partition key of events is the time in the id. Servers before 18 have no uuidv7().
NEW_ID_18: LiteralString = "uuidv7()"
NEW_ID_OLDER: LiteralString = (
    "encode(overlay(uuid_send(gen_random_uuid())"
    " placing substring(int8send((extract(epoch from v_now) * 1000)::bigint) from 3) from 1 for 6), 'hex')::uuid"
)
