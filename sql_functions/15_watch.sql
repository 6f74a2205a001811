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
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_schema text;
    v_table text;
    v_kind "char";
    v_name text;
    v_columns jsonb;
begin
    select n.nspname, c.relname, c.relkind
    into v_schema, v_table, v_kind
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_relation;
    if v_kind not in ('r', 'p') or v_schema = 'outbound_webhooks' then
        raise exception '% cannot be watched: only ordinary and partitioned tables of the host can', p_relation
            using errcode = 'wrong_object_type';
    end if;
    if exists (
        select from pg_partition_ancestors(p_relation) as a
        where a.relid <> p_relation and outbound_webhooks.source_of(a.relid) is not null
    ) then
        raise exception '% is a partition of a table that is watched: its writes are captured already', p_relation
            using errcode = 'wrong_object_type';
    end if;
    if not pg_has_role(current_user, 'outbound_webhooks_owner', 'member') then
        raise exception 'role % may not watch tables', current_user
            using errcode = 'insufficient_privilege',
                hint = format('grant outbound_webhooks_owner to %I', current_user);
    end if;

    v_columns := outbound_webhooks.source_columns(p_relation, p_columns);
    if exists (
        select
        from pg_partitioned_table as p
        join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs::smallint[])
        where p.partrelid = p_relation
            and a.attname in (v_columns ->> 'status', v_columns ->> 'refunded_amount')
    ) then
        raise exception '% cannot be watched: it is partitioned by a column that its events tell of', p_relation
            using errcode = 'wrong_object_type',
                hint = 'A row that moves to another partition is deleted and inserted there, so its change would be lost.';
    end if;
    v_name := coalesce(
        outbound_webhooks.source_of(p_relation), p_name,
        left(trim(both '_' from regexp_replace(lower(v_table), '[^a-z0-9]+', '_', 'g')), 40)
    );
    if v_name !~ '^[a-z_][a-z0-9_]{0,39}$'
        or exists (
            select from outbound_webhooks.event_sources as s
            where s.name = v_name and s.name is distinct from outbound_webhooks.source_of(p_relation)
        )
    then
        raise exception 'the event source of % cannot be named %: taken, or not a lower-case identifier', p_relation, quote_literal(v_name)
            using errcode = 'invalid_parameter_value', hint = 'Give another name: p_name => ''...'', or --name.';
    end if;
    insert into outbound_webhooks.event_sources (name, relation_schema, relation_name, resource, columns, rules)
    values (v_name, v_schema, v_table, p_resource, v_columns, outbound_webhooks.payment_rules(p_resource, v_columns))
    on conflict (name) do update
        set
            relation_schema = excluded.relation_schema,
            relation_name = excluded.relation_name,
            resource = excluded.resource,
            columns = excluded.columns,
            rules = excluded.rules;

    perform outbound_webhooks.install_capture(v_name, p_relation);

    if current_setting('max_prepared_transactions')::integer > 0 then
        update outbound_webhooks.settings set wake_up = 'poll' where wake_up <> 'poll';
        if found then
            raise notice 'wake_up is now poll, since this server allows PREPARE TRANSACTION, which NOTIFY would break';
        end if;
    end if;
    return v_name;
end
$$;

revoke execute on function outbound_webhooks.watch(regclass, jsonb, text, text) from public;
comment on function outbound_webhooks.watch(regclass, jsonb, text, text) is
    'Watch a table: its writes become events once capture is on. Returns the name of the event source.';
