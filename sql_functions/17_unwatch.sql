-- unwatch: stop watching a table and take away all that watch() made: triggers, functions, grants, source, event types.
-- Called by: DBAs, `outbound-webhooks unwatch`. Locks: ACCESS EXCLUSIVE on the table while a trigger is dropped, for at
-- most the caller's lock_timeout. Events and deliveries that exist are kept, and are sent; so is the ledger.
create or replace function outbound_webhooks.unwatch(p_relation regclass)
    returns void
    language plpgsql
    volatile
    security invoker -- dropping a trigger takes the caller's own right on the table
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_source outbound_webhooks.event_sources;
    v_statement text;
begin
    delete from outbound_webhooks.event_sources as s
    where s.name = outbound_webhooks.source_of(p_relation)
    returning s.* into v_source;
    if not found then
        raise exception '% is not watched', p_relation using errcode = 'undefined_object';
    end if;

    -- All that call the function which is about to go.
    for v_statement in
        select format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass)
        from pg_trigger as t
        where t.tgfoid = to_regproc(format('outbound_webhooks.%I', 'capture_' || v_source.name))
            and t.tgparentid = 0
    loop
        execute v_statement;
    end loop;
    execute format('drop function if exists outbound_webhooks.%I()', 'capture_' || v_source.name);
    execute format('drop function if exists outbound_webhooks.%I(anyelement, json)', 'payload_' || v_source.name);
    -- The host may have renamed it since.
    select n.nspname, c.relname
    into v_source.relation_schema, v_source.relation_name
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_relation;
    perform outbound_webhooks.revoke_reads(v_source);
end
$$;

revoke execute on function outbound_webhooks.unwatch(regclass) from public;
comment on function outbound_webhooks.unwatch(regclass) is
    'Stop watching a table: removes its triggers, and all else that watch() made. Events and deliveries that exist are '
    'kept, and are sent. For the owner of the table, as a member of outbound_webhooks_owner.';
