-- event_id: the identifier of a new event, whose time is now: a UUIDv7.
-- Called by: insert_event, which has read the clock (p_now). Locks: nothing. One expression without settings of its own,
-- so that it is inlined where it is called.
create or replace function outbound_webhooks.event_id(p_now timestamptz)
    returns uuid
    language sql
    volatile
    security invoker
as $$
    select outbound_webhooks.uuid_v7(p_now)
$$;

-- PostgreSQL 18 makes its own, of its own clock: that saves a captured payment 4 of 56 microseconds.
do $$
begin
    if current_setting('server_version_num')::integer >= 180000 then
        create or replace function outbound_webhooks.event_id(p_now timestamptz)
            returns uuid
            language sql
            volatile
            security invoker
        as 'select uuidv7()';
    end if;
end
$$;

revoke execute on function outbound_webhooks.event_id(timestamptz) from public;
comment on function outbound_webhooks.event_id(timestamptz) is 'The identifier of a new event.';
