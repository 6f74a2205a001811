-- watch_ddl: what watch() with the same arguments would execute, statement by statement; changes nothing.
-- Called by: DBAs, `outbound-webhooks watch --dry-run`. Locks: as trigger_ddl.
create or replace function outbound_webhooks.watch_ddl(
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
    returns setof text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select outbound_webhooks.capture_ddl(outbound_webhooks.describe_source(
        p_relation, p_columns, p_resource, p_name, p_include, p_amounts, p_related, p_rules, p_strict
    ))
$$;

revoke execute on function outbound_webhooks.watch_ddl(
    regclass, jsonb, text, text, jsonb, text[], jsonb, jsonb, boolean
) from public;
comment on function outbound_webhooks.watch_ddl(regclass, jsonb, text, text, jsonb, text[], jsonb, jsonb, boolean) is
    'The DDL that watch() with the same arguments would execute, statement by statement; changes nothing. For members of '
    'outbound_webhooks_owner.';
