-- emit_expression: the SQL that makes an event of a row t of a watched table, with the payload it has now.
-- Called by: emit_row, emit_rows. Locks: nothing. Without a type: that of the source's rule for inserted rows.
create or replace function outbound_webhooks.emit_expression(p_source outbound_webhooks.event_sources, p_type text)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_type constant text := coalesce(
        p_type, (select r ->> 'type' from jsonb_array_elements(p_source.rules) as r where r ->> 'when' = 'inserted' limit 1)
    );
begin
    if v_type is null then
        raise exception 'the source % makes no event of an inserted row: name an event type', p_source.name
            using errcode = 'null_value_not_allowed';
    end if;
    perform outbound_webhooks.check_event_type(v_type);
    return format(
        'outbound_webhooks.insert_event(t.%I::text, %L, %L, t.%I::text, outbound_webhooks.%I(t.*, null), %L)',
        p_source.columns ->> 'clinic_id', v_type, p_source.resource, p_source.columns ->> 'id',
        'payload_' || p_source.name, p_source.name
    );
end
$$;

revoke execute on function outbound_webhooks.emit_expression(outbound_webhooks.event_sources, text) from public;
comment on function outbound_webhooks.emit_expression(outbound_webhooks.event_sources, text) is
    'The SQL that makes an event of a row.';
