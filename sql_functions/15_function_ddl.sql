-- function_ddl: the statements that write a source's trigger function and payload function (anew).
-- Called by: capture_ddl, recapture. Locks: nothing (reads the catalog).
-- Executed, they make every session forget its plans, which a column whose type was altered needs: so a payload
-- function that the DBA changed is written anew, too, just as it is. One that is still as generated follows the mapping.
create or replace function outbound_webhooks.function_ddl(p_source outbound_webhooks.event_sources)
    returns setof text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select outbound_webhooks.capture_definition(p_source, outbound_webhooks.capture_switch(p_source.name))
    union all
    select case
        when outbound_webhooks.payload_is_generated(p_source.name) then outbound_webhooks.payload_definition(p_source)
        else pg_get_functiondef(
            to_regprocedure(format('outbound_webhooks.%I(anyelement, json)', 'payload_' || p_source.name))
        )
    end
$$;

revoke execute on function outbound_webhooks.function_ddl(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.function_ddl(outbound_webhooks.event_sources) is
    'The DDL of an event source''s two functions.';
