"""The sample host application: a clinic product that takes payments. Nothing in here knows of webhooks."""

from typing import LiteralString

DATABASE = "clinics"
APP_ROLE = "clinic_app"

TABLES = ("clinics", "members", "products", "offers", "checkouts", "payment_transactions")

SCHEMA: LiteralString = """
create type payment_status as enum ('pending', 'processing', 'paid', 'failed', 'refunded', 'charged_back');
create type checkout_status as enum ('open', 'completed', 'expired');

create table clinics (
    id bigint generated always as identity primary key,
    name text not null,
    timezone text not null default 'UTC',
    created_at timestamptz not null default now()
);

create table members (
    id bigint generated always as identity primary key,
    clinic_id bigint not null references clinics,
    name text not null,
    email text not null,
    created_at timestamptz not null default now(),
    unique (clinic_id, email)
);

create table products (
    id bigint generated always as identity primary key,
    clinic_id bigint not null references clinics,
    name text not null,
    is_active boolean not null default true,
    created_at timestamptz not null default now()
);

create table offers (
    id bigint generated always as identity primary key,
    product_id bigint not null references products,
    name text not null,
    price_cents bigint not null check (price_cents > 0),
    currency char(3) not null,
    max_installments integer not null default 1 check (max_installments between 1 and 24),
    created_at timestamptz not null default now()
);

create table checkouts (
    id bigint generated always as identity primary key,
    member_id bigint not null references members,
    offer_id bigint not null references offers,
    status checkout_status not null default 'open',
    expires_at timestamptz not null default now() + interval '1 day',
    created_at timestamptz not null default now()
);

create table payment_transactions (
    id bigint generated always as identity primary key,
    clinic_id bigint not null references clinics,
    checkout_id bigint not null references checkouts,
    provider text not null,
    provider_reference text,
    status payment_status not null default 'pending',
    amount_cents bigint not null check (amount_cents > 0),
    refunded_amount_cents bigint not null default 0 check (refunded_amount_cents between 0 and amount_cents),
    currency char(3) not null,
    installments integer not null default 1,
    failure_reason text,
    internal_note text,
    paid_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create index payment_transactions_of_a_clinic on payment_transactions (clinic_id, created_at);
create index payment_transactions_by_reference on payment_transactions (provider, provider_reference);

create role clinic_app login;
grant select, insert, update on all tables in schema public to clinic_app;
"""

SEED: LiteralString = """
insert into clinics (name) values ('Clinic 1'), ('Clinic 2');
insert into members (clinic_id, name, email) values
    (1, 'Member 1', 'member-1@clinic-1.example'), (2, 'Member 2', 'member-2@clinic-2.example');
insert into products (clinic_id, name) values (1, 'Product 1'), (2, 'Product 2');
insert into offers (product_id, name, price_cents, currency, max_installments) values
    (1, 'Offer 1', 14900, 'BRL', 3), (2, 'Offer 2', 39900, 'BRL', 12);
insert into checkouts (member_id, offer_id, status) values (1, 1, 'completed'), (2, 2, 'completed');
"""

# Which column is which part of a payment; the other parts are found under their own names.
MAPPING = """{"amount": "amount_cents",
      "refunded_amount": "refunded_amount_cents"}"""

# What else a receiver is told: a column, and rows of other tables.
INCLUDE = """{"provider": "provider"}"""
RELATED = """[
        {"name": "checkout", "table": "checkouts",
         "by": "checkout_id",
         "columns": {"id": "id", "status": "status"}},
        {"name": "offer", "table": "offers",
         "by": "checkout.offer_id",
         "columns": {"id": "id", "name": "name",
                     "price": "price_cents"},
         "amounts": ["price"]},
        {"name": "product", "table": "products",
         "by": "offer.product_id",
         "columns": {"id": "id", "name": "name"}}]"""

TRY_IT: LiteralString = """\
insert into payment_transactions
    (clinic_id, checkout_id, provider, amount_cents, currency)
values (1, 1, 'provider_a', 9900, 'BRL');"""
