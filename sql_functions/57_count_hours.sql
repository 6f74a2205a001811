-- count_hours: count attempts and ended deliveries in endpoint_hours, in the transaction that wrote them.
-- Called by: record_attempts, release_deliveries, free_leases, finish_deliveries, each once, with the rows as they wrote
-- them: what is counted is what was written, and a crash undoes both.
-- Locks: the endpoints' rows of those hours, in the order of endpoint and hour; after deliveries, and before flow: so must
-- everybody who locks several of the three, or two of them could wait for each other.
-- p_late: attempts that stood as lost and are among p_attempts with the outcome they had after all.
create or replace function outbound_webhooks.count_hours(
    p_attempts outbound_webhooks.attempts[],
    p_finished outbound_webhooks.finished_deliveries[] default null,
    p_late outbound_webhooks.attempts[] default null
)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into outbound_webhooks.endpoint_hours as h (
        endpoint_id, hour, clinic_id, attempts_succeeded, attempts_lost,
        failed_timeout, failed_connect, failed_tls, failed_dns, failed_blocked_address, failed_protocol,
        failed_3xx, failed_4xx, failed_5xx, deliveries_succeeded, deliveries_dead, deliveries_cancelled,
        request_buckets, delivery_buckets
    )
    select
        f.endpoint_id, date_trunc('hour', f.at, 'UTC'), min(f.clinic_id),
        count(*) filter (where f.outcome = 'succeeded'),
        coalesce(sum(f.lost), 0),
        count(*) filter (where f.error_class = 'timeout'),
        count(*) filter (where f.error_class = 'connect'),
        count(*) filter (where f.error_class = 'tls'),
        count(*) filter (where f.error_class = 'dns'),
        count(*) filter (where f.error_class = 'blocked_address'),
        count(*) filter (where f.error_class = 'protocol'),
        count(*) filter (where f.error_class = 'http_status' and coalesce(f.status, 0) < 400),
        count(*) filter (where f.error_class = 'http_status' and f.status between 400 and 499),
        count(*) filter (where f.error_class = 'http_status' and f.status >= 500),
        count(*) filter (where f.state = 'succeeded'),
        count(*) filter (where f.state = 'dead'),
        count(*) filter (where f.state = 'cancelled'),
        array[
            count(*) filter (where f.took = 0), count(*) filter (where f.took = 1), count(*) filter (where f.took = 2),
            count(*) filter (where f.took = 3), count(*) filter (where f.took = 4), count(*) filter (where f.took = 5),
            count(*) filter (where f.took = 6), count(*) filter (where f.took = 7), count(*) filter (where f.took = 8),
            count(*) filter (where f.took = 9), count(*) filter (where f.took = 10), count(*) filter (where f.took = 11)
        ],
        array[
            count(*) filter (where f.arrived = 0), count(*) filter (where f.arrived = 1),
            count(*) filter (where f.arrived = 2), count(*) filter (where f.arrived = 3),
            count(*) filter (where f.arrived = 4), count(*) filter (where f.arrived = 5),
            count(*) filter (where f.arrived = 6), count(*) filter (where f.arrived = 7),
            count(*) filter (where f.arrived = 8), count(*) filter (where f.arrived = 9),
            count(*) filter (where f.arrived = 10), count(*) filter (where f.arrived = 11)
        ]
    from (
        select
            a.endpoint_id, a.clinic_id, a.recorded_at as at, a.outcome, (a.outcome = 'lost')::integer as lost,
            a.error_class, a.http_status as status, width_bucket(a.duration_ms, b.request_ms) as took,
            null::text as state, null::integer as arrived
        from unnest(p_attempts) as a
        cross join outbound_webhooks.statistics_bounds as b
        union all
        select a.endpoint_id, a.clinic_id, a.recorded_at, null, -1, null, null, null, null, null from unnest(p_late) as a
        union all
        select
            d.endpoint_id, d.clinic_id, d.finished_at, null, 0, null, null, null, d.state,
            case when d.state = 'succeeded' then width_bucket(
                (extract(epoch from d.finished_at - d.created_at) * 1000)::bigint, b.delivery_ms
            ) end
        from unnest(p_finished) as d
        cross join outbound_webhooks.statistics_bounds as b
    ) as f
    group by 1, 2
    order by 1, 2
    on conflict (endpoint_id, hour) do update set
        attempts_succeeded = h.attempts_succeeded + excluded.attempts_succeeded,
        attempts_lost = h.attempts_lost + excluded.attempts_lost,
        failed_timeout = h.failed_timeout + excluded.failed_timeout,
        failed_connect = h.failed_connect + excluded.failed_connect,
        failed_tls = h.failed_tls + excluded.failed_tls,
        failed_dns = h.failed_dns + excluded.failed_dns,
        failed_blocked_address = h.failed_blocked_address + excluded.failed_blocked_address,
        failed_protocol = h.failed_protocol + excluded.failed_protocol,
        failed_3xx = h.failed_3xx + excluded.failed_3xx,
        failed_4xx = h.failed_4xx + excluded.failed_4xx,
        failed_5xx = h.failed_5xx + excluded.failed_5xx,
        deliveries_succeeded = h.deliveries_succeeded + excluded.deliveries_succeeded,
        deliveries_dead = h.deliveries_dead + excluded.deliveries_dead,
        deliveries_cancelled = h.deliveries_cancelled + excluded.deliveries_cancelled,
        request_buckets = outbound_webhooks.add_buckets(h.request_buckets, excluded.request_buckets),
        delivery_buckets = outbound_webhooks.add_buckets(h.delivery_buckets, excluded.delivery_buckets);
end
$$;

revoke execute on function outbound_webhooks.count_hours(
    outbound_webhooks.attempts[], outbound_webhooks.finished_deliveries[], outbound_webhooks.attempts[]
)
    from public;
comment on function outbound_webhooks.count_hours(
    outbound_webhooks.attempts[], outbound_webhooks.finished_deliveries[], outbound_webhooks.attempts[]
) is
    'Count attempts and ended deliveries in the statistics of their endpoints.';
