"""A host's database with much of what PostgreSQL has: its own triggers, views, functions, rights, and migrations."""

from pathlib import Path

from tests.sql.installing import yoyo
from tests.support.process import ROOT

SCHEMA = """
create type payment_status as enum ('pending', 'paid', 'refunded');
create domain cents as bigint check (value >= 0);
create schema "Shop";
create schema "Sales";
comment on schema "Shop" is 'What is sold, and "how".';

create table clinics (id text primary key, name text not null, secret_note text);
create table "Shop".checkouts (id bigint primary key, offer text);
create table payment_transactions (
    id bigint generated always as identity primary key,
    clinic_id text not null references clinics on delete cascade,
    checkout_id bigint references "Shop".checkouts,
    status payment_status not null default 'pending',
    amount_cents cents not null default 1000,
    amount numeric generated always as (amount_cents / 100.0) stored,
    currency text not null default 'BRL' collate "C",
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint something_paid check (status <> 'paid' or amount_cents > 0)
);
create index payments_of_a_clinic on payment_transactions (clinic_id, created_at desc) where status <> 'refunded';
comment on column payment_transactions.status is 'As the provider says.';

create table "Sales"."Orders" (
    id bigint, clinic_id text, status text, placed_at timestamptz, primary key (id, clinic_id)
) partition by list (clinic_id);
create table "Sales"."Orders 1" partition of "Sales"."Orders" for values in ('clinic-1');
create table "Sales"."Orders rest" partition of "Sales"."Orders" default;

create table audit (id bigserial primary key, what text, at timestamptz);
create function audited() returns trigger language plpgsql security definer as $$
begin
    insert into audit (what, at) values (tg_op || ' ' || tg_table_name || ' ' || new.id, new.updated_at);
    return new;
end
$$;
create trigger a_first before insert or update on payment_transactions for each row
    execute function audited();
create trigger zz_last after update of status on payment_transactions for each row
    when (old.status is distinct from new.status) execute function audited();
create constraint trigger deferred_one after insert on payment_transactions deferrable initially deferred for each row
    execute function audited();
create function noticed() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger on_every_order before insert on "Sales"."Orders" for each row execute function noticed();
alter table payment_transactions disable trigger zz_last;

create view paid as select id, amount from payment_transactions where status = 'paid' with check option;
create materialized view by_clinic as select clinic_id, sum(amount_cents) from payment_transactions group by 1;
create rule no_deletes as on delete to audit do instead nothing;
alter table payment_transactions enable row level security;
create policy own_payments on payment_transactions for select using (clinic_id = current_setting('app.clinic', true));
create publication changes for table payment_transactions;

grant select on payment_transactions to public;
grant select (id, name), update (name) on clinics to pg_monitor with grant option;
grant usage on schema "Shop" to pg_monitor;
revoke execute on function audited() from public;
alter default privileges in schema "Shop" grant select on tables to pg_monitor;

insert into clinics values ('clinic-1', 'One', 'x'), ('clinic-2', 'Two', null);
insert into "Shop".checkouts values (1, 'A'), (2, 'B');
"""
# With times of their own, so that the same statements make the same rows.
WRITES = """
insert into payment_transactions (clinic_id, checkout_id, created_at, updated_at)
    select 'clinic-' || 1 + n % 2, 1 + n % 2, '2026-01-01Z'::timestamptz + n * interval '1 h', '2026-01-02Z'
    from generate_series(1, 20) as n;
insert into "Sales"."Orders" (id, clinic_id, status, placed_at)
    select n, 'clinic-' || 1 + n % 2, 'new', '2026-01-01Z' from generate_series(1, 10) as n;
update payment_transactions set status = 'paid', updated_at = '2026-01-03Z' where id <= 5;
update "Sales"."Orders" set status = 'sent' where id <= 3;
delete from payment_transactions where id = 7;
refresh materialized view by_clinic;
"""


def migrate_host(url: str, folder: Path) -> None:
    """Apply migrations of the host's own, by yoyo, to the same tables of yoyo; the host has a post-apply file, too."""
    migrations = folder / "migrations"
    migrations.mkdir(parents=True)
    (folder / "yoyo.ini").write_text((ROOT / "yoyo.ini").read_text(encoding="utf-8"), encoding="utf-8")
    (migrations / "0001_of_the_host.sql").write_text("create table made_by_yoyo (id integer);", encoding="utf-8")
    (migrations / "post-apply.sql").write_text("insert into made_by_yoyo values (1);", encoding="utf-8")
    assert yoyo(url, "apply", folder=folder) == (0, "")
