-- uuid_v7: a time-ordered identifier (RFC 9562, version 7, with microseconds in rand_a).
-- Called by: event_id, before PostgreSQL 18. The same text on every server version.
-- Locks: nothing. One expression without settings of its own, so that it is inlined where it is called.
-- 48 bits of milliseconds, version 7, 12 bits of the fraction; then the variant and 62 random bits of a v4.
create or replace function outbound_webhooks.uuid_v7(p_at timestamptz default clock_timestamp())
    returns uuid
    language sql
    volatile
    security invoker
as $$
    -- A double precision number holds the microseconds of this era exactly, and costs less than numeric.
    select encode(
        int8send(
            ((date_part('epoch', p_at) * 1000000)::bigint / 1000) << 16
            | 28672
            | (date_part('epoch', p_at) * 1000000)::bigint % 1000 * 4096 / 1000
        )
        || substring(uuid_send(gen_random_uuid()) from 9),
        'hex'
    )::uuid
$$;

revoke execute on function outbound_webhooks.uuid_v7(timestamptz) from public;
comment on function outbound_webhooks.uuid_v7(timestamptz) is 'A new UUIDv7 for the given time.';
