-- record_capture_error: what a capture could not do goes into the ledger; the host's write commits all the same.
-- Called by: generated capture functions, in their exception handler. Never raises.
-- Last resort, when even the ledger cannot be written: a WARNING with the key in the server's log.
create or replace function outbound_webhooks.record_capture_error(
    p_source_id bigint,
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
    set search_path = ''
as $$
declare
    v_source outbound_webhooks.event_sources;
begin
    select s.* into v_source from outbound_webhooks.event_sources as s where s.id = p_source_id;
    -- Only mapped columns are kept. A column that is missing (renamed by a migration of the host) is null here.
    insert into outbound_webhooks.capture_errors (
        source, operation, clinic_id, resource_id, old_values, new_values, error_code, message
    )
    select
        v_source.name,
        p_operation,
        p_new ->> (v_source.columns ->> 'clinic_id'),
        p_resource_id,
        (select jsonb_object_agg(c.value, p_old -> c.value) from jsonb_each_text(v_source.columns) as c where p_old is not null),
        (select jsonb_object_agg(c.value, p_new -> c.value) from jsonb_each_text(v_source.columns) as c),
        p_error_code,
        left(p_message, 1000);
    raise warning 'outbound_webhooks: % of %.% % was not captured and is in capture_errors: %',
        p_operation, v_source.relation_schema, v_source.relation_name,
        p_resource_id, p_message;
exception when others then
    raise warning 'outbound_webhooks: % of source %, id %, was not captured: %; and not recorded: %',
        p_operation, p_source_id, p_resource_id, p_message, sqlerrm;
end
$$;

revoke execute on function outbound_webhooks.record_capture_error(bigint, text, text, jsonb, jsonb, text, text) from public;
comment on function outbound_webhooks.record_capture_error(bigint, text, text, jsonb, jsonb, text, text) is
    'Write a failed capture into the ledger; never raises.';
