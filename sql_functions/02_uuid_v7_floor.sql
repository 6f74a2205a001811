-- uuid_v7_floor: the smallest identifier of a moment, for partition bounds and for "events since".
-- Called by: ensure_partitions, and whatever looks for events by time. Locks: nothing.
-- Before the epoch there is no id: such a moment begins where all ids do, and not, by its sign, behind all of them.
create or replace function outbound_webhooks.uuid_v7_floor(p_at timestamptz)
    returns uuid
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select (encode(int8send(floor(extract(epoch from f.at) * 1000)::bigint << 16), 'hex') || repeat('0', 16))::uuid
    from (values (case when p_at < timestamptz 'epoch' then timestamptz 'epoch' else p_at end)) as f (at)
$$;

revoke execute on function outbound_webhooks.uuid_v7_floor(timestamptz) from public;
grant execute on function outbound_webhooks.uuid_v7_floor(timestamptz)
    to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor, outbound_webhooks_clinic;
comment on function outbound_webhooks.uuid_v7_floor(timestamptz) is
    'The smallest event id of a moment: where id >= uuid_v7_floor(now() - interval ''1 hour'') reads only the partitions '
    'that it needs.';
