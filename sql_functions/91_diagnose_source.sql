-- diagnose_source: everything that is wrong with one source; what follows from something else is left out.
-- Called by: doctor. Locks: ACCESS SHARE on its table; if that cannot be had, it says so instead of waiting.
create or replace function outbound_webhooks.diagnose_source(p_source outbound_webhooks.event_sources)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant outbound_webhooks.event_sources := outbound_webhooks.source_now(p_source);
    -- By another table, and not by a view of it, as an expanding migration makes one.
    v_is_replaced constant boolean := exists (
        select from pg_class as c where c.oid = outbound_webhooks.relation_of(p_source) and c.relkind in ('r', 'p')
    );
    v_was constant text := format('%I.%I', p_source.relation_schema, p_source.relation_name);
    v_sound boolean := true;
begin
    if v_now.relation_oid is null then
        return query select
            'problem', 'table-gone', 'source ' || p_source.name, format('its table %s is gone', v_was),
            format('make the table and watch it again, or: outbound-webhooks unwatch --source %s', p_source.name);
        return;
    elsif v_now.relation_oid <> p_source.relation_oid then
        return query select
            'warning', 'table-made-anew', 'source ' || p_source.name, format('its table %s was made anew, or restored, since watch()', v_was),
            outbound_webhooks.watch_command(v_now);
        v_sound := false;
    elsif v_now.relation_oid is distinct from outbound_webhooks.relation_of(p_source) then
        return query select
            'problem', 'table-renamed', 'source ' || p_source.name,
            format('its table %s was renamed to %s', v_was, v_now.relation_oid::regclass)
                || case when v_is_replaced then ', and another one has its name' else '' end,
            outbound_webhooks.watch_command(v_now) || case when v_is_replaced
                then format(E'\nor, to watch the other one instead: drop the triggers of %s, and ', v_now.relation_oid::regclass)
                    || outbound_webhooks.watch_command(p_source)
                else ''
            end;
        v_sound := false;
    end if;
    return query
        select
            'problem', 'table-inherited', 'source ' || p_source.name,
            format('%s inherits from its table: writes to it are not captured', i.inhrelid::regclass),
            format(
                'make %2$s a partitioned table and watch it again; or: alter table %1$s no inherit %2$s',
                i.inhrelid::regclass, i.inhparent::regclass
            )
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhparent and c.relkind = 'r'
        where i.inhparent = v_now.relation_oid;
    return query select * from outbound_webhooks.diagnose_triggers(v_now);
    return query select * from outbound_webhooks.diagnose_row_security(v_now);
    return query select * from outbound_webhooks.diagnose_columns(v_now);
    v_sound := v_sound and not found;
    return query select * from outbound_webhooks.diagnose_rights(v_now);
    v_sound := v_sound and not found;
    return query select * from outbound_webhooks.diagnose_related(v_now);
    v_sound := v_sound and not found;
    return query select * from outbound_webhooks.diagnose_payload(v_now, v_sound);
    if v_sound then
        return query select * from outbound_webhooks.diagnose_capture(v_now);
        return query select * from outbound_webhooks.diagnose_newest_row(v_now);
    end if;
exception when lock_not_available then
    return query select
        'note', 'table-locked', 'source ' || p_source.name, 'a table that it reads is locked at this moment: it could not be looked at to the end',
        'call doctor again';
end
$$;

revoke execute on function outbound_webhooks.diagnose_source(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.diagnose_source(outbound_webhooks.event_sources) is
    'Everything that is wrong with an event source.';
