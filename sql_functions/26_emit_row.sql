-- emit_row: an event about a row that is there, with the payload that the source's own events have.
-- Called by: applications and DBAs who were granted it. Like emit() it raises, whatever the switches say, and also for
-- a clinic without an endpoint. Locks: nothing. Without a type: that of an inserted row. Returns the event id.
create or replace function outbound_webhooks.emit_row(p_source text, p_key text, p_type text default null)
    returns uuid
    language plpgsql
    volatile
    security definer -- the caller needs no grant on our tables
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = 'postgres'
    set extra_float_digits = 1
    set bytea_output = 'hex'
    set lc_monetary = 'C'
    set lock_timeout = '100ms'
as $$
declare
    v_source constant outbound_webhooks.event_sources := outbound_webhooks.source_named(p_source);
    v_event_id uuid;
    v_found boolean;
begin
    execute outbound_webhooks.row_statement(v_source, format(
        'case when t.%I::text <> '''' then %s end, true',
        v_source.columns ->> 'clinic_id', outbound_webhooks.emit_expression(v_source, p_type)
    ))
        into v_event_id, v_found
        using array[p_key];
    if v_found is null then
        raise exception 'the source % has no row with the key %', p_source, quote_nullable(p_key)
            using errcode = 'no_data_found';
    end if;
    if v_event_id is null then
        raise exception 'the row of the source % with the key % has no clinic', p_source, quote_nullable(p_key)
            using errcode = 'null_value_not_allowed';
    end if;
    return v_event_id;
end
$$;

revoke execute on function outbound_webhooks.emit_row(text, text, text) from public;
grant execute on function outbound_webhooks.emit_row(text, text, text) to outbound_webhooks_admin;
comment on function outbound_webhooks.emit_row(text, text, text) is
    E'Emit an event about a row of a watched table, with the payload that the source''s own events have; returns the '
    'event''s id. Raises if there is no such row. The capture switches do not count.\n'
    'p_source: the event source.\n'
    'p_key: the row''s id, as text.\n'
    'p_type: the event type; that of an inserted row if left out.';
