-- stats: the numbers behind the gauges: of endpoints, told apart as endpoint_stats does, and of all of them together.
-- Called by: every dispatcher, every 10 s, for its snapshot; a scrape never queries. Locks: nothing. Of 1,000,000 live
-- deliveries it counts an index's entries: 0.1 s of one processor.
create or replace function outbound_webhooks.stats(p_endpoints integer default 0)
    returns table (
        pending bigint,
        in_flight bigint,
        parked bigint,
        due bigint,
        oldest_due_seconds double precision,
        open_capture_errors bigint,
        partition_days_ahead integer,
        notify_queue_usage double precision,
        endpoints jsonb[]
    )
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set max_parallel_workers_per_gather = 0 -- gauges may take a moment, but never several processors from payments
    set enable_nestloop = off -- with statistics from when few had work it would compare all endpoints with all
as $$
    select
        coalesce(sum(e.pending), 0)::bigint,
        coalesce(sum(e.in_flight), 0)::bigint,
        coalesce(sum(e.parked), 0)::bigint,
        coalesce(sum(e.due), 0)::bigint,
        coalesce(max(e.oldest_due_seconds), 0),
        (select count(*) from outbound_webhooks.capture_errors as c where c.recaptured_at is null),
        outbound_webhooks.partition_days_ahead(),
        pg_notification_queue_usage(),
        coalesce(array_agg(to_jsonb(e)), '{}')
    from outbound_webhooks.endpoint_stats(p_endpoints) as e
$$;

revoke execute on function outbound_webhooks.stats(integer) from public;
grant execute on function outbound_webhooks.stats(integer) to outbound_webhooks_dispatcher, outbound_webhooks_admin;
comment on function outbound_webhooks.stats(integer) is
    'The numbers behind the gauges: deliveries that wait, are in flight, are parked and are due, how late the oldest is, '
    'the open changes in the ledger, days of partitions ahead, how full the server''s notification queue is; and, for '
    'p_endpoints endpoints and for the others together, what endpoint_stats() says.';
