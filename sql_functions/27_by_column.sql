-- by_column: values by their fields, as the ledger keeps them, under the names that the columns have now.
-- Called by: recapture_change. Locks: nothing.
create or replace function outbound_webhooks.by_column(p_columns jsonb, p_values jsonb)
    returns jsonb
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(p_columns ->> v.key, v.value), '{}')
    from jsonb_each(p_values) as v
    where p_columns ? v.key
$$;

revoke execute on function outbound_webhooks.by_column(jsonb, jsonb) from public;
comment on function outbound_webhooks.by_column(jsonb, jsonb) is 'Values by field as values by column.';
