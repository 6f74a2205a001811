"""A host's payment table as tests use it, and its endpoints."""

from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg.rows import dict_row

CLINIC = "clinic-1"
PAY = f"insert into payment_transactions (clinic_id) values ('{CLINIC}')"
ENVIRONMENT = "test"

SCHEMA = """
create type payment_status as enum ('pending', 'paid', 'failed', 'refunded');
create table payment_transactions (
    id bigint generated always as identity primary key,
    clinic_id text not null,
    status payment_status not null default 'pending',
    amount_cents bigint not null default 1000,
    refunded_cents bigint not null default 0,
    currency text not null default 'BRL',
    internal_note text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
"""

# What deliveries had CHECKs for, were they free (docs/adr/0006); and leases that were not counted, or counted twice.
IMPOSSIBLE: LiteralString = """
select 'delivery ' || id as impossible from outbound_webhooks.deliveries
where parked_reason not in ('paused', 'disabled', 'breaker')
    or num_nonnulls(lease_owner, lease_token, leased_at, lease_until) not in (0, 4)
    or (parked_reason is not null and lease_token is not null)
    or failure_count not between 0 and attempt_count
union all
select 'flow of endpoint ' || f.endpoint_id || ' with ' || f.in_flight || ' in flight'
from outbound_webhooks.endpoint_flow as f
where f.in_flight <> (
    select count(*) from outbound_webhooks.deliveries as d
    where d.endpoint_id = f.endpoint_id and d.lease_token is not null
)
"""
MAPPING = '{"amount": "amount_cents", "refunded_amount": "refunded_cents"}'


@dataclass(frozen=True)
class Endpoint:
    """A created endpoint."""

    id: int
    secret: str


class Host:
    """A superuser's connection to a database with the payment table, watched, capture on, armed."""

    def __init__(self, url: str, *, capture: bool = True) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)
        self.connection.execute(SCHEMA)
        self.rows("select outbound_webhooks.watch('payment_transactions', %s)", MAPPING)
        self.rows("select outbound_webhooks.arm(%s)", ENVIRONMENT)
        if capture:
            self.rows("select outbound_webhooks.set_capture(true)")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def rows(self, statement: str, *parameters: object) -> list[dict[str, object]]:
        """Run a statement and return its rows."""
        cursor = self.connection.execute(statement.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *parameters: object) -> object:
        """The only value of the only row."""
        (row,) = self.rows(statement, *parameters)
        (value,) = row.values()
        return value

    def pay(self, clinic: str = CLINIC, amount: int = 1000) -> int:
        """Insert a payment; returns its id."""
        payment = self.value(
            "insert into payment_transactions (clinic_id, amount_cents) values (%s, %s) returning id", clinic, amount
        )
        assert isinstance(payment, int)
        return payment

    def allow_internal_urls(self) -> None:
        """Let endpoints name this machine, where the receivers of tests are."""
        self.rows("select outbound_webhooks.set_url_policy(p_internal_urls => true)")

    def endpoint(self, url: str, clinic: str = CLINIC, **options: object) -> Endpoint:
        """Create an endpoint through the SQL function; options are its parameters without p_."""
        names = "".join(f", p_{name} => %s" for name in options)
        (row,) = self.rows(
            f"select * from outbound_webhooks.create_endpoint(%s, %s{names})", clinic, url, *options.values()
        )
        assert isinstance(row["endpoint_id"], int)
        return Endpoint(row["endpoint_id"], str(row["secret"]))
