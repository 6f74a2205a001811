-- payment_parts: the parts that a mapping may name, in the order in which a payload has them.
-- Called by: source_columns, payload_definition. Locks: nothing.
create or replace function outbound_webhooks.payment_parts()
    returns text[]
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select array['id', 'clinic_id', 'status', 'amount', 'refunded_amount', 'currency', 'created_at', 'updated_at']
$$;

revoke execute on function outbound_webhooks.payment_parts() from public;
comment on function outbound_webhooks.payment_parts() is 'The parts of a payment that columns are mapped to.';
