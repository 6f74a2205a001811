-- source_named: the event source of a name; an error that lists the sources if there is none.
-- Called by: emit_rows, preview_payload, recapture_change, set_capture. Locks: nothing.
create or replace function outbound_webhooks.source_named(p_name text)
    returns outbound_webhooks.event_sources
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_source outbound_webhooks.event_sources;
begin
    select s.* into v_source from outbound_webhooks.event_sources as s where s.name = p_name;
    if not found then
        raise exception 'there is no event source named %', quote_literal(p_name)
            using errcode = 'undefined_object',
                hint = 'The sources: ' || coalesce(
                    (select string_agg(s.name, ', ' order by s.name) from outbound_webhooks.event_sources as s),
                    'none yet; watch() makes one.'
                );
    end if;
    return v_source;
end
$$;

revoke execute on function outbound_webhooks.source_named(text) from public;
comment on function outbound_webhooks.source_named(text) is 'The event source of a name.';
