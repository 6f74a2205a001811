-- emit_rows: the events that a bulk load owes, which switched capture off: one for each row, in the order of the keys.
-- Called by: who loads, in the transaction of the load. Without a type: that of an inserted row. As a capture would,
-- it passes over clinics without an endpoint; unlike a capture it raises, and then emits nothing.
-- Locks: nothing. No subtransaction for each row, which a trigger needs. Returns how many events it made.
create or replace function outbound_webhooks.emit_rows(p_source text, p_keys text[], p_type text default null)
    returns bigint
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
    v_keys bigint;
    v_rows bigint;
    v_events bigint;
begin
    execute format(
        'select count(*), count(distinct e.key), count(e.id) from (%s) as e (id, key)',
        outbound_webhooks.row_statement(v_source, format(
            'case when exists (select from outbound_webhooks.endpoints as e where e.clinic_id = t.%I::text'
            ' and e.state <> ''retired'') then %s end, t.%I::text',
            v_source.columns ->> 'clinic_id', outbound_webhooks.emit_expression(v_source, p_type), v_source.columns ->> 'id'
        ))
    )
        into v_keys, v_rows, v_events
        using p_keys;
    if v_rows <> v_keys then
        raise exception '% keys name only % rows of the source %: some are there twice', v_keys, v_rows, p_source
            using errcode = 'cardinality_violation', hint = 'Nothing was emitted. A row makes one event.';
    end if;
    if v_keys <> cardinality(p_keys) then
        raise exception 'the source % has a row for only % of % keys', p_source, v_keys, cardinality(p_keys)
            using errcode = 'no_data_found', hint = 'Nothing was emitted. Are all rows of the load inserted by now?';
    end if;
    return v_events;
end
$$;

revoke execute on function outbound_webhooks.emit_rows(text, text[], text) from public;
grant execute on function outbound_webhooks.emit_rows(text, text[], text) to outbound_webhooks_admin;
comment on function outbound_webhooks.emit_rows(text, text[], text) is
    E'Emit the events of many rows at once, in the order of their keys, as after a bulk load with capture switched off '
    '(set local outbound_webhooks.capture = off); returns how many. Rows of clinics without an endpoint make none. Raises '
    'if a key has no row, and then emits nothing.\n'
    'p_source: the event source.\n'
    'p_keys: the rows'' ids, as text.\n'
    'p_type: the event type; that of an inserted row if left out.';
