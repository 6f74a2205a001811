-- stats: the numbers behind the gauges, from the live table and the small ones.
-- Called by: every dispatcher, every 10 s, for its snapshot; a scrape never queries. Locks: nothing.
create or replace function outbound_webhooks.stats()
    returns table (
        pending bigint,
        in_flight bigint,
        parked bigint,
        oldest_due_seconds double precision,
        open_capture_errors bigint,
        partition_days_ahead integer,
        notify_queue_usage double precision
    )
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        count(*) filter (where d.parked_reason is null and d.lease_until is null),
        count(*) filter (where d.lease_until is not null),
        count(*) filter (where d.parked_reason is not null),
        coalesce(
            extract(epoch from statement_timestamp() - min(d.next_attempt_at) filter (
                where d.parked_reason is null and d.next_attempt_at <= statement_timestamp()
            )),
            0
        )::double precision,
        (select count(*) from outbound_webhooks.capture_errors as c where c.recaptured_at is null),
        outbound_webhooks.partition_days_ahead(),
        pg_notification_queue_usage()
    from outbound_webhooks.deliveries as d
$$;

revoke execute on function outbound_webhooks.stats() from public;
grant execute on function outbound_webhooks.stats() to outbound_webhooks_dispatcher, outbound_webhooks_admin;
comment on function outbound_webhooks.stats() is
    'The numbers behind the gauges: deliveries that wait, are in flight and are parked, how late the oldest is, the open '
    'changes in the ledger, days of partitions ahead, and how full the server''s notification queue is.';
