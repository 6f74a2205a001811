-- replace_value: put a sealed form in the place of what stands there, in clear or sealed before: a signing key, or the
-- value of a header.
-- Called by: the leader's maintenance. Locks: that row, and never waits for it: the leader has other things to do. Does
-- nothing, and returns false, if somebody holds the row, or it was written since it was read: it has another version. That,
-- and not the value, is what is handed back: a parameter may end up in a log.
create or replace function outbound_webhooks.replace_value(p_kind text, p_id bigint, p_version text, p_sealed text)
    returns boolean
    language plpgsql
    volatile
    security definer -- no role has a grant on these tables
    set search_path = pg_catalog, pg_temp
as $$
begin
    if p_kind = 'signing-key' then
        update outbound_webhooks.endpoint_secrets as s
        set secret = null, sealed = p_sealed
        where s.id = (
            select k.id
            from outbound_webhooks.endpoint_secrets as k
            where k.id = p_id
                and k.xmin::text = p_version
            for no key update skip locked
        );
    elsif p_kind = 'header' then
        update outbound_webhooks.endpoint_headers as h
        set value = null, sealed = p_sealed
        where h.id = (
            select k.id
            from outbound_webhooks.endpoint_headers as k
            where k.id = p_id
                and k.xmin::text = p_version
            for no key update skip locked
        );
    end if;
    return found;
end
$$;

revoke execute on function outbound_webhooks.replace_value(text, bigint, text, text) from public;
grant execute on function outbound_webhooks.replace_value(text, bigint, text, text) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.replace_value(text, bigint, text, text) is
    'Replace a signing key or a header value by its sealed form.';
