-- forget_source: remove an event source whose table is gone, and all that watch() made for it.
-- Called by: DBAs, `outbound-webhooks unwatch --source`. While the table is there, under whatever name: unwatch.
-- Locks: nothing. Events and deliveries that exist are kept, and are sent; so is the ledger.
create or replace function outbound_webhooks.forget_source(p_name text)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_source constant outbound_webhooks.event_sources := outbound_webhooks.source_named(p_name);
    v_relation constant regclass := coalesce(
        outbound_webhooks.relation_of(v_source), (select c.oid from pg_class as c where c.oid = v_source.relation_oid)
    );
begin
    if v_relation is not null then
        raise exception 'the table of %, %, is there', p_name, v_relation
            using errcode = 'invalid_parameter_value',
                hint = format('outbound-webhooks unwatch %s, or select outbound_webhooks.unwatch(%L)', v_relation, v_relation);
    end if;
    delete from outbound_webhooks.event_sources as s where s.name = p_name;
    execute format('drop function if exists outbound_webhooks.%I()', 'capture_' || p_name);
    execute format('drop function if exists outbound_webhooks.%I(anyelement, json)', 'payload_' || p_name);
    perform outbound_webhooks.revoke_reads(v_source);
end
$$;

revoke execute on function outbound_webhooks.forget_source(text) from public;
comment on function outbound_webhooks.forget_source(text) is
    'Remove an event source whose table is gone. For members of outbound_webhooks_owner.';
