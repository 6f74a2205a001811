-- uuid_v7_time: the moment of a UUIDv7, to the microsecond: 48 bits of milliseconds, and 12 of the fraction in rand_a.
-- Called by: explain_missing. Locks: nothing.
create or replace function outbound_webhooks.uuid_v7_time(p_id uuid)
    returns timestamptz
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        timestamptz 'epoch'
        + interval '1 microsecond' * (
            ('x' || encode(substring(uuid_send(p_id) from 1 for 6), 'hex'))::bit(48)::bigint * 1000
            + ((get_byte(uuid_send(p_id), 6) & 15) << 8 | get_byte(uuid_send(p_id), 7)) * 1000 / 4096
        )
$$;

revoke execute on function outbound_webhooks.uuid_v7_time(uuid) from public;
comment on function outbound_webhooks.uuid_v7_time(uuid) is 'When a UUIDv7 was made.';
