-- partition_days_ahead: for how many whole days after today every partitioned table has its partition.
-- Called by: /readyz and the metrics, in all dispatchers. Locks: nothing.
create or replace function outbound_webhooks.partition_days_ahead()
    returns integer
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
    select coalesce(min(ahead.days), -1)::integer
    from unnest(array['events', 'attempts', 'finished_deliveries_done', 'finished_deliveries_dead']) as t (name)
    cross join lateral (
        -- The first day without a partition, counted from today.
        select min(d.n) - 1 as days
        from generate_series(0, 400) as d (n)
        where to_regclass('outbound_webhooks.' || t.name || to_char(current_date + d.n, '_YYYYMMDD')) is null
    ) as ahead
$$;

revoke execute on function outbound_webhooks.partition_days_ahead() from public;
grant execute on function outbound_webhooks.partition_days_ahead()
    to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor;
comment on function outbound_webhooks.partition_days_ahead() is
    'For how many whole days after today all partitions are there; -1 if today has none, and captures go to the ledger.';
