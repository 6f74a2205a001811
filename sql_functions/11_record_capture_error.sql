-- record_capture_error: what a capture could not do goes into the ledger; the host's write commits all the same.
-- Called by: generated capture functions, in their exception handler. Never raises. It reads no other table of ours: a
-- lock on one may be why the capture failed.
-- A lock that was met once is not waited for again in this transaction: neither by its captures, nor by the ledger.
-- Last resort, when even the ledger cannot be written: a WARNING with the key in the server's log.
create or replace function outbound_webhooks.record_capture_error(
    p_source text,
    p_columns jsonb,
    p_operation text,
    p_resource_id text,
    p_old jsonb,
    p_new jsonb,
    p_error_code text,
    p_message text
)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if p_error_code = '55P03' then
        perform set_config('outbound_webhooks.blocked', 'on', true);
    end if;
    if current_setting('outbound_webhooks.ledger_blocked', true) = 'on' then
        raise lock_not_available using message = 'the ledger is locked';
    end if;
    -- Only mapped columns are kept. A column that is missing (renamed by a migration of the host) is null here.
    insert into outbound_webhooks.capture_errors (
        source, operation, clinic_id, resource_id, old_values, new_values, error_code, message
    )
    select
        p_source,
        p_operation,
        p_new ->> (p_columns ->> 'clinic_id'),
        p_resource_id,
        (select jsonb_object_agg(c.value, p_old -> c.value) from jsonb_each_text(p_columns) as c where p_old is not null),
        (select jsonb_object_agg(c.value, p_new -> c.value) from jsonb_each_text(p_columns) as c),
        p_error_code,
        left(p_message, 1000);
    raise warning 'outbound_webhooks: % of source %, id %, was not captured and is in capture_errors: %',
        p_operation, p_source, p_resource_id, p_message;
exception when others or assert_failure then
    if sqlstate = '55P03' then
        perform set_config('outbound_webhooks.ledger_blocked', 'on', true);
    end if;
    raise warning 'outbound_webhooks: % of source %, id %, was not captured: %; and not recorded: %',
        p_operation, p_source, p_resource_id, p_message, sqlerrm;
end
$$;

revoke execute on function outbound_webhooks.record_capture_error(text, jsonb, text, text, jsonb, jsonb, text, text)
    from public;
comment on function outbound_webhooks.record_capture_error(text, jsonb, text, text, jsonb, jsonb, text, text) is
    'Write a failed capture into the ledger; never raises.';
