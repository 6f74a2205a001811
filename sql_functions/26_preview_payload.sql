-- preview_payload: the body that an event about a row would have now; emits nothing.
-- Called by: DBAs, `outbound-webhooks payload preview`. Locks: nothing. Without a type: that of an inserted row,
-- or the source's first.
create or replace function outbound_webhooks.preview_payload(p_source text, p_key text, p_type text default null)
    returns text
    language plpgsql
    stable
    security definer -- reads the row as a capture would
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = 'postgres'
    set extra_float_digits = 1
    set bytea_output = 'hex'
    set lc_monetary = 'C'
as $$
declare
    v_source constant outbound_webhooks.event_sources := outbound_webhooks.source_named(p_source);
    v_type constant text := coalesce(p_type, (
        select r.rule ->> 'type'
        from jsonb_array_elements(v_source.rules) with ordinality as r (rule, n)
        order by r.rule ->> 'when' <> 'inserted', r.n
        limit 1
    ));
    v_data json;
begin
    perform outbound_webhooks.check_event_type(v_type);
    execute outbound_webhooks.row_statement(v_source, format('outbound_webhooks.%I(t.*, null)', 'payload_' || v_source.name))
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
    E'The exact body that an event about a row would have now; emits nothing.\n'
    'p_source: the event source.\n'
    'p_key: the row''s id, as text.\n'
    'p_type: the event type; that of an inserted row, or else the source''s first, if left out.';
