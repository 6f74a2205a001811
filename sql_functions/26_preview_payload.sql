-- preview_payload: the body that an event about a row would have now; emits nothing.
-- Called by: DBAs, `outbound-webhooks payload preview`. Locks: nothing. Without a type: that of an inserted row.
create or replace function outbound_webhooks.preview_payload(p_source text, p_key text, p_type text default null)
    returns text
    language plpgsql
    stable
    security definer -- reads the row as a capture would
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    v_source constant outbound_webhooks.event_sources := outbound_webhooks.source_named(p_source);
    v_type constant text := coalesce(p_type, v_source.rules -> 0 ->> 'type');
    v_data json;
begin
    execute outbound_webhooks.row_statement(v_source, format('outbound_webhooks.%I(t, null)', 'payload_' || v_source.name))
        into v_data
        using array[p_key];
    if v_data is null then
        raise exception 'the source % has no row with the key %', p_source, quote_nullable(p_key)
            using errcode = 'no_data_found';
    end if;
    return outbound_webhooks.event_body(v_type, clock_timestamp(), v_data);
end
$$;

revoke execute on function outbound_webhooks.preview_payload(text, text, text) from public;
grant execute on function outbound_webhooks.preview_payload(text, text, text) to outbound_webhooks_admin;
comment on function outbound_webhooks.preview_payload(text, text, text) is
    'The body of an event about a row of a watched table, by its key; emits nothing.';
