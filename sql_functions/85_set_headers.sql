-- set_headers: the headers that a clinic adds to the requests to an endpoint, all of them at once.
-- Called by: DBAs, the admin API, create_endpoint, `outbound-webhooks headers set`. The values are sealed within seconds
-- and not shown again. What is claimed after the commit is sent with them; a request that was claimed before, with those
-- that it was claimed with. Locks: see replace_headers.
create or replace function outbound_webhooks.set_headers(p_endpoint_id bigint, p_headers jsonb)
    returns void
    language plpgsql
    volatile
    security definer -- no role has a grant on endpoint_headers
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_has_texts constant boolean := case
        when jsonb_typeof(p_headers) = 'object'
            then not exists (select from jsonb_each(p_headers) as j (name, value) where jsonb_typeof(j.value) <> 'string')
    end;
begin
    if v_has_texts is not true then
        raise exception 'headers are a JSON object of names and texts'
            using errcode = 'invalid_parameter_value', constraint = 'header_value', hint = 'An empty one removes them all.';
    end if;
    perform outbound_webhooks.replace_headers(p_endpoint_id, null, p_headers);
end
$$;

revoke execute on function outbound_webhooks.set_headers(bigint, jsonb) from public;
grant execute on function outbound_webhooks.set_headers(bigint, jsonb) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.set_headers(bigint, jsonb) is
    E'Set the headers that are added to the requests to an endpoint, in the place of all that it has; they are not shown '
    'again. An error names what is refused by its constraint name.\n'
    'p_headers: a JSON object of names and values, at most 20, such as {"x-api-key": "..."}; {} removes all.';
