-- drop_partition: the end of a partition that retention detached; or it is attached again, if a delivery has come to refer
-- to an event in it (a replay of what was about to go). Returns whether it was dropped.
-- Called by: dispatcher/pipeline/retention.py, as the owner.
-- Locks: ACCESS EXCLUSIVE on the detached table, which no payment touches: who read an event in it to make a delivery of
-- it, and has not committed, holds a lock on it still, and is waited for. Nothing reads it any more after that.
create or replace function outbound_webhooks.drop_partition(p_partition text)
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    v_parent constant text := left(p_partition, -9);
    v_day constant date := to_date(right(p_partition, 8), 'YYYYMMDD');
    v_from constant uuid := outbound_webhooks.uuid_v7_floor(v_day);
    v_to constant uuid := outbound_webhooks.uuid_v7_floor(v_day + 1);
begin
    execute format('lock table outbound_webhooks.%I in access exclusive mode', p_partition);
    if v_parent = 'events' and (
        exists (select from outbound_webhooks.deliveries as d where d.event_id >= v_from and d.event_id < v_to)
        or exists (select from outbound_webhooks.finished_deliveries as f where f.event_id >= v_from and f.event_id < v_to)
    ) then
        perform outbound_webhooks.attach_partition(v_parent, p_partition, v_day);
        execute format('comment on table outbound_webhooks.%I is null', p_partition);
        return false;
    end if;
    execute format('drop table outbound_webhooks.%I', p_partition);
    return true;
end
$$;

revoke execute on function outbound_webhooks.drop_partition(text) from public;
comment on function outbound_webhooks.drop_partition(text) is
    'Drop a detached partition, unless a delivery refers to an event in it: then attach it again.';
