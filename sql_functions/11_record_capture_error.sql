-- record_capture_error: what a capture could not do goes into the ledger; the host's write commits all the same.
-- Called by: generated capture functions, in their exception handler. It reads no other table of ours: a lock on one may
-- be why the capture failed.
-- A lock that was met once is not waited for again in this transaction: neither by its captures, nor by the ledger.
-- p_mapping: {"relation": oid, "columns": {field: name}, "numbers": {field: number}} of the source. p_old and p_new are
-- whole rows; only mapped columns are kept, by their fields. Raises if the ledger cannot be written.
create or replace function outbound_webhooks.record_capture_error(
    p_source text,
    p_mapping jsonb,
    p_relation oid,
    p_operation text,
    p_old jsonb,
    p_new jsonb,
    p_error_code text,
    p_message text
)
    returns void
    language plpgsql
    volatile
    security invoker
as $$
declare
    v_new constant jsonb := outbound_webhooks.mapped_values(p_mapping, p_relation, p_new);
begin
    if p_error_code = '55P03' then
        perform set_config('outbound_webhooks.blocked', 'on', true);
    end if;
    if current_setting('outbound_webhooks.ledger_blocked', true) = 'on' then
        raise lock_not_available using message = 'the ledger is locked';
    end if;
    insert into outbound_webhooks.capture_errors (
        source, operation, clinic_id, resource_id, old_values, new_values, error_code, message,
        traceparent, actor, request_id
    )
    values (
        p_source, p_operation, v_new ->> 'clinic_id', v_new ->> 'id',
        outbound_webhooks.mapped_values(p_mapping, p_relation, p_old), v_new, p_error_code, left(p_message, 1000),
        outbound_webhooks.traceparent(),
        outbound_webhooks.transaction_label('outbound_webhooks.actor'),
        outbound_webhooks.transaction_label('outbound_webhooks.request_id')
    );
    raise warning 'outbound_webhooks: % of source %, id %, was not captured and is in capture_errors: %',
        p_operation, p_source, v_new ->> 'id', p_message;
exception when lock_not_available then
    perform set_config('outbound_webhooks.ledger_blocked', 'on', true);
    raise;
end
$$;

revoke execute on function outbound_webhooks.record_capture_error(text, jsonb, oid, text, jsonb, jsonb, text, text)
    from public;
comment on function outbound_webhooks.record_capture_error(text, jsonb, oid, text, jsonb, jsonb, text, text) is
    'Write a failed capture into the ledger.';
