-- told_now: what a payload function of the DBA's own would say of a row now; null if it fails.
-- Called by: rows_page. Locks: nothing. One row that it cannot tell of must not end the look at all others.
create or replace function outbound_webhooks.told_now(p_row anyelement, p_source_name text)
    returns json
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_data json;
begin
    execute format('select outbound_webhooks.%I($1, null)', 'payload_' || p_source_name) into v_data using p_row;
    return v_data;
exception when others or assert_failure then
    return null;
end
$$;

revoke execute on function outbound_webhooks.told_now(anyelement, text) from public;
comment on function outbound_webhooks.told_now(anyelement, text) is
    'What a payload function says of a row now; null if it fails.';
