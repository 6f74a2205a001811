-- check_endpoint_url: a URL is checked before it stands in endpoints, whoever writes it.
-- Called by: a trigger on endpoints (attach_triggers), which other updates, as those of the state, do not fire.
-- Locks: nothing.
create or replace function outbound_webhooks.check_endpoint_url()
    returns trigger
    language plpgsql
    stable
    security definer -- who may write endpoints need not read our settings
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'INSERT' or new.url is distinct from old.url then
        perform outbound_webhooks.check_url(new.url);
    end if;
    return new;
end
$$;

revoke execute on function outbound_webhooks.check_endpoint_url() from public;
comment on function outbound_webhooks.check_endpoint_url() is 'Refuse an endpoint with a URL that it may not have.';
