-- attach_partition: a table becomes its parent's partition for a day, from midnight to midnight in UTC.
-- Called by: ensure_partitions, drop_partition.
-- Locks: SHARE UPDATE EXCLUSIVE on the parent: readers and writers go on.
create or replace function outbound_webhooks.attach_partition(p_parent text, p_partition text, p_day date)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    v_from text := p_day::timestamptz;
    v_to text := (p_day + 1)::timestamptz;
begin
    if p_parent = 'events' then
        v_from := outbound_webhooks.uuid_v7_floor(p_day);
        v_to := outbound_webhooks.uuid_v7_floor(p_day + 1);
    end if;
    execute format(
        'alter table outbound_webhooks.%I attach partition outbound_webhooks.%I for values from (%L) to (%L)',
        p_parent, p_partition, v_from, v_to
    );
end
$$;

revoke execute on function outbound_webhooks.attach_partition(text, text, date) from public;
comment on function outbound_webhooks.attach_partition(text, text, date) is
    'Make a table the partition of its parent for one day.';
