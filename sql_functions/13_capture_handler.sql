-- capture_handler: the exception handler of a trigger function: the change goes to the ledger, the write commits.
-- Called by: capture_definition. Locks: nothing. Every statement of the handler is guarded: an error in it is the host's.
-- Last resort, when even the ledger cannot be written: a WARNING with the key in the server's log.
create or replace function outbound_webhooks.capture_handler(p_source outbound_webhooks.event_sources)
    returns text
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        $handler$exception when others or assert_failure then
    get stacked diagnostics v_code = returned_sqlstate, v_message = message_text;
    begin
        begin
            v_new := to_jsonb(new);
            v_old := case when tg_op = 'UPDATE' then to_jsonb(old) end;
        exception when others or assert_failure then
            -- A json column that holds \u0000 has no jsonb form: then the key alone is kept.
            v_new := jsonb_build_object(%1$L, v_id, %2$L, v_clinic_id);
        end;
        perform outbound_webhooks.record_capture_error(
            %3$L, %4$L,
            tg_relid, tg_op, v_old, v_new, v_code, v_message
        );
    exception when others or assert_failure then
        raise warning 'outbound_webhooks: %% of source %%, id %%, was not captured: %%; and not recorded: %%',
            tg_op, %3$L, coalesce(v_id, v_new ->> %1$L), v_message, sqlerrm;
    end;
    return null;
$handler$,
        p_source.columns ->> 'id',
        p_source.columns ->> 'clinic_id',
        p_source.name,
        jsonb_build_object(
            'relation', p_source.relation_oid::text, 'columns', p_source.columns, 'numbers', p_source.column_numbers
        )
    )
$$;

revoke execute on function outbound_webhooks.capture_handler(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.capture_handler(outbound_webhooks.event_sources) is
    'The exception handler of a source''s trigger function.';
