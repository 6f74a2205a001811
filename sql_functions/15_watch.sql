-- watch: make the writes to a table into events. Again for the same table: takes over a changed mapping.
-- Called by: DBAs, `outbound-webhooks watch`; never at dispatcher start. The caller owns the table.
-- Locks: SHARE ROW EXCLUSIVE on the table while a trigger is created (writers wait), for at most the caller's
-- lock_timeout; nothing if both triggers exist. Captures nothing until capture is on (set_capture).
-- p_columns: {part: column} for id, clinic_id, status, amount, refunded_amount, currency, created_at, updated_at; a part
-- left out is looked for under its own name. Returns the name of the source.
create or replace function outbound_webhooks.watch(
    p_relation regclass,
    p_columns jsonb default '{}',
    p_resource text default 'payment_transaction',
    p_name text default null
)
    returns text
    language plpgsql
    volatile
    security invoker -- creating a trigger takes the caller's own right on the table
    set search_path = ''
as $$
declare
    v_schema text;
    v_table text;
    v_kind "char";
    v_name text;
    v_columns jsonb;
    v_operation text;
begin
    select n.nspname, c.relname, c.relkind
    into v_schema, v_table, v_kind
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_relation;
    if v_kind not in ('r', 'p') or v_schema = 'outbound_webhooks' then
        raise exception '% cannot be watched: only ordinary and partitioned tables of the host can', p_relation
            using errcode = 'wrong_object_type';
    end if;
    if not pg_has_role(current_user, 'outbound_webhooks_owner', 'member') then
        raise exception 'role % may not watch tables', current_user
            using errcode = 'insufficient_privilege',
                hint = format('grant outbound_webhooks_owner to %I', current_user);
    end if;

    v_columns := outbound_webhooks.source_columns(p_relation, p_columns);
    v_name := coalesce(p_name, left(trim(both '_' from regexp_replace(lower(v_table), '[^a-z0-9]+', '_', 'g')), 40));
    insert into outbound_webhooks.event_sources as s (name, relation_schema, relation_name, resource, columns, rules)
    values (v_name, v_schema, v_table, p_resource, v_columns, outbound_webhooks.payment_rules(p_resource, v_columns))
    on conflict (relation_schema, relation_name) do update
        set resource = excluded.resource, columns = excluded.columns, rules = excluded.rules
    returning s.name into v_name;

    execute outbound_webhooks.capture_definition(v_name);
    execute format('alter function outbound_webhooks.%I() owner to outbound_webhooks_owner', 'capture_' || v_name);
    execute format('revoke execute on function outbound_webhooks.%I() from public', 'capture_' || v_name);
    if not exists (
        select from pg_proc
        where pronamespace = 'outbound_webhooks'::regnamespace and proname = 'payload_' || v_name
    ) then
        execute outbound_webhooks.payload_definition(v_name);
        execute format(
            'alter function outbound_webhooks.%1$I(anyelement, json) owner to outbound_webhooks_owner', 'payload_' || v_name
        );
        execute format('revoke execute on function outbound_webhooks.%1$I(anyelement, json) from public', 'payload_' || v_name);
    end if;
    -- What a payload function may read beside the row itself.
    execute format('grant select on %s to outbound_webhooks_owner', p_relation);

    foreach v_operation in array array['insert', 'update'] loop
        continue when exists (
            select from pg_trigger where tgrelid = p_relation and tgname = 'outbound_webhooks_10_' || v_operation
        );
        -- The row images are compared (*<>), not the values: that works for every column type, and naming no column
        -- leaves the host free to alter each of them.
        execute format(
            'create trigger outbound_webhooks_10_%s after %s on %s for each row %s execute function outbound_webhooks.%I()',
            v_operation, v_operation, p_relation,
            case v_operation when 'update' then 'when (old.* operator(pg_catalog.*<>) new.*)' else '' end,
            'capture_' || v_name
        );
    end loop;
    return v_name;
end
$$;

revoke execute on function outbound_webhooks.watch(regclass, jsonb, text, text) from public;
comment on function outbound_webhooks.watch(regclass, jsonb, text, text) is
    'Watch a table: its writes become events once capture is on. Returns the name of the event source.';
