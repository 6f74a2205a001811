-- watch: make the writes to a table into events. Again for the same table: takes over what is asked for now.
-- Called by: DBAs, `outbound-webhooks watch`; never at dispatcher start. The caller owns the table.
-- Locks: SHARE ROW EXCLUSIVE on the table while a trigger is created (writers wait), for at most the caller's
-- lock_timeout; nothing if both triggers exist; and the settings row (see set_capture). Captures nothing until capture is on (set_capture).
-- p_columns: {part: column} for id, clinic_id, status, amount, refunded_amount, currency, created_at, updated_at; a part
-- left out is looked for under its own name, or in camelCase. p_include: {field: column} for more in the payload;
-- p_amounts: which of those are amounts. p_related: see check_related. p_rules: see check_rules; null for those of a
-- payment. p_strict: a capture that fails makes the write fail. Returns the name of the source.
create or replace function outbound_webhooks.watch(
    p_relation regclass,
    p_columns jsonb default '{}',
    p_resource text default 'payment_transaction',
    p_name text default null,
    p_include jsonb default '{}',
    p_amounts text[] default '{}',
    p_related jsonb default '[]',
    p_rules jsonb default null,
    p_strict boolean default false
)
    returns text
    language plpgsql
    volatile
    security invoker -- creating a trigger takes the caller's own right on the table
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_source constant outbound_webhooks.event_sources := outbound_webhooks.describe_source(
        p_relation, p_columns, p_resource, p_name, p_include, p_amounts, p_related, p_rules, p_strict
    );
    v_statements text[];
    v_statement text;
    v_generated boolean;
begin
    perform from outbound_webhooks.settings as g for update;
    -- Before the source is written: what it no longer needs is told by what it was.
    v_statements := array(select outbound_webhooks.capture_ddl(v_source));
    v_generated := outbound_webhooks.payload_is_generated(v_source.name);
    insert into outbound_webhooks.event_sources as s (
        name, relation_schema, relation_name, relation_oid, resource, columns, column_numbers, amounts, related, rules, is_strict
    )
    values (
        v_source.name, v_source.relation_schema, v_source.relation_name, v_source.relation_oid, v_source.resource,
        v_source.columns, v_source.column_numbers, v_source.amounts, v_source.related, v_source.rules, v_source.is_strict
    )
    on conflict (name) do update
        set
            relation_schema = excluded.relation_schema,
            relation_name = excluded.relation_name,
            relation_oid = excluded.relation_oid,
            resource = excluded.resource,
            columns = excluded.columns,
            column_numbers = excluded.column_numbers,
            amounts = excluded.amounts,
            related = excluded.related,
            rules = excluded.rules,
            is_strict = excluded.is_strict;

    foreach v_statement in array v_statements loop
        execute v_statement;
    end loop;
    if v_generated then
        update outbound_webhooks.event_sources as s
        set payload_hash = (
            select md5(p.prosrc) from pg_proc as p
            where p.oid = to_regprocedure(format('outbound_webhooks.%I(anyelement, json)', 'payload_' || s.name))
        )
        where s.name = v_source.name;
    end if;
    perform outbound_webhooks.catalogue_event_types(v_source.name);

    if current_setting('max_prepared_transactions')::integer > 0 then
        update outbound_webhooks.settings set wake_up = 'poll' where wake_up <> 'poll';
        if found then
            raise notice 'wake_up is now poll, since this server allows PREPARE TRANSACTION, which NOTIFY would break';
        end if;
    end if;
    return v_source.name;
end
$$;

revoke execute on function outbound_webhooks.watch(
    regclass, jsonb, text, text, jsonb, text[], jsonb, jsonb, boolean
) from public;
comment on function outbound_webhooks.watch(regclass, jsonb, text, text, jsonb, text[], jsonb, jsonb, boolean) is
    E'Watch a table: its writes become events once capture is on. Again for the same table: takes over what is asked for '
    'now. Returns the name of the event source. For the owner of the table, as a member of outbound_webhooks_owner.\n'
    'p_relation: the table.\n'
    'p_columns: {part: column} for id, clinic_id, status, amount, refunded_amount, currency, created_at and updated_at; a '
    'part left out is looked for under its own name, and in camelCase.\n'
    'p_resource: what a row is called in event types.\n'
    'p_name: what the event source is called; made from the table''s name if left out.\n'
    'p_include: {field: column} for more in the payload.\n'
    'p_amounts: which of those are amounts of money.\n'
    'p_related: rows of other tables for the payload: [{"name", "table", "by", "columns", "key", "amounts"}].\n'
    'p_rules: which change makes which event: [{"type", "when": inserted | changed | grew, "field", "to", "below"}]; those '
    'of a payment if left out.\n'
    'p_strict: true: a capture that fails makes the write fail.';
