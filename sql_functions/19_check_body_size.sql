-- check_body_size: refuse an event body that no receiver would take.
-- Called by: insert_event, for bodies above the least limit that settings allow. Locks: nothing.
create or replace function outbound_webhooks.check_body_size(p_bytes integer)
    returns void
    language plpgsql
    stable
    security invoker
as $$
declare
    v_limit constant integer := (select s.max_body_bytes from outbound_webhooks.settings as s);
begin
    if p_bytes > v_limit then
        raise exception 'the body has % bytes, more than the % that settings.max_body_bytes allows', p_bytes, v_limit
            using errcode = 'program_limit_exceeded', hint = 'Let the payload function say less.';
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_body_size(integer) from public;
comment on function outbound_webhooks.check_body_size(integer) is 'Refuse a body over settings.max_body_bytes.';
