"""A host's schema as an ORM makes it: the tables that Prisma Migrate writes for tests/prisma/schema.prisma.

Quoted camelCase names, cuid keys made by the client, an enum, decimal amounts, timestamps without time zone, foreign
keys that cascade, and an "updatedAt" without a default, which the client sets on every write.
"""

import json

from tests.support.host import Host

CLINIC = "cm3x1k8f20000v8l4h2d9c7qa"
OTHER_CLINIC = "cm3x1k8f20001v8l4a5b6t0ze"

RELATION = '"PaymentTransaction"'

SCHEMA = """
create type "PaymentStatus" as enum ('PENDING', 'PAID', 'FAILED', 'REFUNDED');

create table "Clinic" (
    "id" text not null,
    "name" text not null,
    constraint "Clinic_pkey" primary key ("id")
);

create table "Checkout" (
    "id" text not null,
    "clinicId" text not null,
    "reference" text not null,
    constraint "Checkout_pkey" primary key ("id")
);

create table "PaymentTransaction" (
    "id" text not null,
    "clinicId" text not null,
    "checkoutId" text,
    "status" "PaymentStatus" not null default 'PENDING',
    "totalAmount" decimal(10, 2) not null,
    "refundedAmount" decimal(10, 2),
    "currencyCode" text not null default 'BRL',
    "providerReference" text,
    "metadata" jsonb,
    "createdAt" timestamp(3) not null default current_timestamp,
    "updatedAt" timestamp(3) not null,
    constraint "PaymentTransaction_pkey" primary key ("id")
);

create unique index "Checkout_reference_key" on "Checkout" ("reference");
create unique index "PaymentTransaction_providerReference_key" on "PaymentTransaction" ("providerReference");
create index "PaymentTransaction_clinicId_idx" on "PaymentTransaction" ("clinicId");

alter table "Checkout" add constraint "Checkout_clinicId_fkey"
    foreign key ("clinicId") references "Clinic" ("id") on delete restrict on update cascade;
alter table "PaymentTransaction" add constraint "PaymentTransaction_clinicId_fkey"
    foreign key ("clinicId") references "Clinic" ("id") on delete restrict on update cascade;
alter table "PaymentTransaction" add constraint "PaymentTransaction_checkoutId_fkey"
    foreign key ("checkoutId") references "Checkout" ("id") on delete set null on update cascade;
"""

# What watch() does not find by itself: "clinicId", "refundedAmount" and the timestamps are the parts in camelCase.
MAPPING = {"amount": "totalAmount", "currency": "currencyCode"}
RELATED = [
    {
        "name": "checkout",
        "table": '"Checkout"',
        "by": "checkoutId",
        "columns": {"id": "id", "reference": "reference"},
    }
]


def install(host: Host, resource: str = "payment_transaction") -> str:
    """Make the tables and two clinics, and watch the payments; returns the name of the event source."""
    host.connection.execute(SCHEMA)
    host.rows("insert into \"Clinic\" values (%s, 'One'), (%s, 'Two')", CLINIC, OTHER_CLINIC)
    name = host.value(
        "select outbound_webhooks.watch(%s, %s, %s, p_related => %s)",
        RELATION, json.dumps(MAPPING), resource, json.dumps(RELATED),
    )  # fmt: skip
    return str(name)
