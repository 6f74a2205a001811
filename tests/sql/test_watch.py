"""watch and unwatch: any host's table, a clear refusal where it cannot be, and everything taken away again."""

import json

import psycopg
import pytest

from dispatcher.migrate import migrate
from tests.sql import steps
from tests.support.host import MAPPING, Host

WATCH = "select outbound_webhooks.watch(%s, %s)"
PARTS_HINT = (
    "The parts: id, clinic_id, status, amount, refunded_amount, currency, created_at, updated_at."
    " More columns for the payload go into p_include, or --include."
)
ONLY_TABLES_HINT = (
    "Not views, foreign, temporary or system tables, nor tables of ours. Of a view, watch the table below it."
)


def refusal(host: Host, statement: str, *parameters: object) -> psycopg.Error:
    """The error of a statement that must fail."""
    with pytest.raises(psycopg.Error) as caught, host.connection.transaction():
        host.rows(statement, *parameters)
    return caught.value


@pytest.mark.parametrize(
    ("relation", "mapping", "message", "hint"),
    [
        ("no_such_table", {}, 'relation "no_such_table" does not exist', None),
        (
            "plain", {"status": "state"}, "table public.plain has no column state (mapped to status)",
            "Its columns: id, clinic_id, note.",
        ),
        (
            "plain", {"stauts": "note"}, "a mapping has no part named 'stauts'",
            PARTS_HINT,
        ),
        (
            "clinicless", {}, "which column of public.clinicless is the clinic_id?",
            'Map it: {"clinic_id": "..."}. Its columns: id, tenant.',
        ),
        (
            "a_view", {}, "public.a_view cannot be watched: only ordinary and partitioned tables of the host can",
            ONLY_TABLES_HINT,
        ),
        (
            "outbound_webhooks.events", {},
            "outbound_webhooks.events cannot be watched: only ordinary and partitioned tables of the host can",
            ONLY_TABLES_HINT,
        ),
    ],
    ids=["no table", "no column", "unknown part", "no clinic", "view", "our own table"],
)  # fmt: skip
def test_refusals(sandbox: Host, relation: str, mapping: dict[str, str], message: str, hint: str | None) -> None:
    """Bad input is refused with what is wrong and what could be right; nothing is left behind."""
    sandbox.rows("create table plain (id bigint primary key, clinic_id text, note text)")
    sandbox.rows("create table clinicless (id bigint primary key, tenant text)")
    sandbox.rows("create view a_view as select * from plain")

    error = refusal(sandbox, WATCH, relation, json.dumps(mapping))

    assert error.diag.message_primary == message
    assert error.diag.message_hint == hint
    assert sandbox.value("select count(*) from outbound_webhooks.event_sources") == 1


@pytest.mark.parametrize("relation", ["other.payment_transactions", '"2026 payments"'])
def test_a_name_that_cannot_be_made(sandbox: Host, relation: str) -> None:
    """The source's name, made from the table's, is taken or no identifier: the hint says to give one; that works."""
    sandbox.rows("create schema other")
    sandbox.rows(f"create table {relation} (id bigint primary key, clinic_id text)")

    error = refusal(sandbox, WATCH, relation, "{}")
    named = sandbox.value(
        "select outbound_webhooks.watch(%s, p_name => 'another_name', p_resource => 'other')", relation
    )

    assert "p_name" in str(error.diag.message_hint)
    assert named == "another_name"


def test_a_caller_outside_the_owner_role(sandbox: Host) -> None:
    """A role that may call watch() and owns its table, but is no member of our owner role, is told what to grant."""
    sandbox.rows('create role "table owner"')
    sandbox.rows("create table theirs (id bigint primary key, clinic_id text)")
    sandbox.rows('alter table theirs owner to "table owner"')
    sandbox.rows('grant usage on schema outbound_webhooks to "table owner"')
    sandbox.rows('grant execute on all functions in schema outbound_webhooks to "table owner"')
    sandbox.rows('set local role "table owner"')

    error = refusal(sandbox, WATCH, "theirs", "{}")
    sandbox.rows("reset role")

    assert error.sqlstate == "42501"
    assert error.diag.message_primary == "role table owner may not watch tables"
    assert error.diag.message_hint == 'grant outbound_webhooks_owner to "table owner"'


def test_twice_is_once(sandbox: Host) -> None:
    """watch() again changes nothing, and keeps the source's own switch."""
    sandbox.rows("select outbound_webhooks.set_capture(false, 'payment_transactions')")
    look = (
        "select * from outbound_webhooks.event_sources",
        "select tgname, pg_get_triggerdef(oid) from pg_trigger where tgrelid = 'payment_transactions'::regclass",
        "select pg_get_functiondef(oid), proacl::text from pg_proc where proname ~ '_payment_transactions$' order by 1",
        "select relacl::text from pg_class where oid = 'payment_transactions'::regclass",
    )
    before = [sandbox.rows(statement) for statement in look]

    name = sandbox.value(WATCH, "payment_transactions", MAPPING)

    assert name == "payment_transactions"
    assert [sandbox.rows(statement) for statement in look] == before


def test_a_changed_mapping_is_taken_over(sandbox: Host) -> None:
    """watch() with another mapping: the same source; triggers and payload follow the new column."""
    steps.endpoint(sandbox)
    sandbox.rows("alter table payment_transactions add column state text not null default 'open'")

    sandbox.rows(WATCH, "payment_transactions", '{"status": "state", "amount": "amount_cents"}')
    sandbox.pay()
    sandbox.rows("update payment_transactions set status = 'paid', refunded_cents = 1")
    sandbox.rows("update payment_transactions set state = 'closed'")
    (source,) = sandbox.rows("select columns from outbound_webhooks.event_sources")
    created, changed = steps.bodies(sandbox)

    assert source["columns"] == {
        "id": "id", "clinic_id": "clinic_id", "status": "state", "amount": "amount_cents", "currency": "currency",
        "created_at": "created_at", "updated_at": "updated_at",
    }  # fmt: skip
    assert [created["type"], changed["type"]] == [
        "payment_transaction.created",
        "payment_transaction.status_changed",
    ]
    assert changed["data"]["previous"] == {"status": "open"}
    assert changed["data"]["status"] == "closed"


def test_the_payload_function_belongs_to_the_dba(host: Host) -> None:
    """A payload function that the DBA replaced survives watch() and a reload of all functions."""
    steps.endpoint(host)
    host.rows(
        "create or replace function outbound_webhooks.payload_payment_transactions("
        "payment anyelement, previous json default null) returns json language sql stable"
        " set search_path = pg_catalog, pg_temp"
        " as $$ select json_build_object('mine', payment.id) $$"
    )

    host.rows(WATCH, "payment_transactions", '{"amount": "amount_cents"}')
    migrate(host.url)
    payment = host.pay()
    (body,) = steps.bodies(host)

    assert body["data"] == {"mine": payment}


@pytest.mark.parametrize(
    "altered",
    ["after update on payment_transactions for each row when (new.amount_cents > 1000000)",
     "after update of amount_cents on payment_transactions for each row when (old.* is distinct from new.*)"],
    ids=["when", "of a column"],
)  # fmt: skip
def test_an_altered_trigger_is_made_again(sandbox: Host, altered: str) -> None:
    """A trigger of ours that somebody made anew with another condition captures everything again after watch()."""
    steps.endpoint(sandbox)
    sandbox.pay()
    sandbox.rows(
        f'create or replace trigger "00_outbound_webhooks_update" {altered}'
        " execute function outbound_webhooks.capture_payment_transactions()"
    )

    sandbox.rows(WATCH, "payment_transactions", MAPPING)
    sandbox.rows("update payment_transactions set status = 'paid'")

    assert [body["type"] for body in steps.bodies(sandbox)] == [
        "payment_transaction.created",
        "payment_transaction.status_changed",
    ]


def test_unwatch_takes_everything_away(sandbox: Host) -> None:
    """Triggers, functions, grant and source are gone; the table works on; what was captured stays."""
    steps.endpoint(sandbox)
    sandbox.pay()

    sandbox.rows("select outbound_webhooks.unwatch('payment_transactions')")
    sandbox.pay()
    left = sandbox.rows(
        "select proname as name from pg_proc where pronamespace = 'outbound_webhooks'::regnamespace"
        " and proname in ('capture_payment_transactions', 'payload_payment_transactions')"
        " union all select tgname from pg_trigger where tgrelid = 'payment_transactions'::regclass"
        " union all select name from outbound_webhooks.event_sources"
    )

    assert left == []
    assert (
        sandbox.value("select has_table_privilege('outbound_webhooks_owner', 'payment_transactions', 'select')")
        is False
    )
    assert sandbox.value("select count(*) from outbound_webhooks.deliveries") == 1


def test_unwatch_of_what_is_not_watched(sandbox: Host) -> None:
    """It says so."""
    sandbox.rows("create table other (id bigint)")

    error = refusal(sandbox, "select outbound_webhooks.unwatch('other')")

    assert error.diag.message_primary == "public.other is not watched"


def test_forget_a_source_whose_table_is_gone(sandbox: Host) -> None:
    """The source, its functions and what it alone was granted are gone; while the table is there, it is refused."""
    sandbox.rows("create table shops (id bigint primary key, name text)")
    sandbox.rows("create table gone (id bigint primary key, clinic_id text, shop_id bigint)")
    sandbox.rows(
        "select outbound_webhooks.watch('gone', p_resource => 'ghost', p_related => %s)",
        '[{"name": "shop", "table": "shops", "by": "shop_id", "columns": {"id": "id"}}]',
    )
    early = refusal(sandbox, "select outbound_webhooks.forget_source('gone')")
    sandbox.rows("drop table gone")

    sandbox.rows("select outbound_webhooks.forget_source('gone')")
    left = sandbox.rows(
        "select proname as name from pg_proc where pronamespace = 'outbound_webhooks'::regnamespace"
        " and proname in ('capture_gone', 'payload_gone')"
        " union all select name from outbound_webhooks.event_sources"
        " union all select name from outbound_webhooks.event_types where name like 'ghost.%%'"
    )

    assert early.diag.message_primary == "the table of gone, public.gone, is there"
    assert left == [{"name": "payment_transactions"}]
    assert sandbox.value("select has_table_privilege('outbound_webhooks_owner', 'shops', 'select')") is False


def test_the_generated_function_is_static(sandbox: Host) -> None:
    """No dynamic SQL: it would be planned anew for each payment."""
    definition = str(
        sandbox.value("select pg_get_functiondef('outbound_webhooks.capture_payment_transactions'::regproc)")
    )

    assert " execute " not in definition.lower()
    assert "format(" not in definition.lower()
    assert "insert_event" in definition


@pytest.mark.parametrize("statement", ["watch('set_aside', p_name => 'old')", "unwatch('set_aside')"])
def test_a_table_that_took_the_place_of_another(sandbox: Host, statement: str) -> None:
    """The watched table is set aside, and a new one has its name: neither takes over the other, each can be watched."""
    sandbox.rows("alter table payment_transactions rename to set_aside")
    sandbox.rows("create table payment_transactions (like set_aside including all)")
    watch_new = "select outbound_webhooks.watch('payment_transactions', p_resource => 'new', p_name => 'new')"

    error = refusal(sandbox, watch_new)
    unwatched = refusal(sandbox, "select outbound_webhooks.unwatch('payment_transactions')")
    sandbox.rows(f"select outbound_webhooks.{statement}")
    name = sandbox.value(watch_new)
    sandbox.rows("select outbound_webhooks.unwatch('payment_transactions')")

    assert error.diag.message_primary == (
        "public.payment_transactions has the name that the table of the event source payment_transactions had"
        " when it was watched"
    )
    assert error.diag.message_hint == "That table was renamed: call watch() again for it, or unwatch()."
    assert unwatched.diag.message_primary == "public.payment_transactions is not watched"
    assert name == "new"
    assert sandbox.value("select count(*) from pg_trigger where tgrelid = 'payment_transactions'::regclass") == 0


def test_a_view_that_took_the_place_of_a_table(sandbox: Host) -> None:
    """The watched table is renamed, and a view has its name: the table stays the source, and is watched on as such."""
    steps.endpoint(sandbox)
    sandbox.rows("alter table payment_transactions rename to payments_below")
    sandbox.rows("create view payment_transactions as select * from payments_below")

    name = sandbox.value(WATCH, "payments_below", MAPPING)
    sandbox.pay()

    assert name == "payment_transactions"
    assert len(steps.bodies(sandbox)) == 1
