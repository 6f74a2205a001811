-- explain_finished: what became of a delivery that ended.
-- Called by: explain. Locks: nothing.
create or replace function outbound_webhooks.explain_finished(p_delivery outbound_webhooks.finished_deliveries)
    returns table (code text, words text, since timestamptz, until timestamptz, delivery_id bigint)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select v.code, v.words, p_delivery.finished_at, null::timestamptz, p_delivery.id
    from (
        select
            case p_delivery.attempt_count when 1 then '1 attempt' else p_delivery.attempt_count || ' attempts' end as made,
            concat_ws(' ', p_delivery.last_error_class, p_delivery.last_http_status) as answer
    ) as d
    cross join lateral (values
        (1, 'succeeded', format('delivered, with %s; the answer was %s', d.made, d.answer)),
        (2, 'dead', format('given up after %s: %s', d.made, p_delivery.reason)
            || coalesce('; the last one failed: ' || nullif(d.answer, ''), '')),
        (3, 'cancelled', format('cancelled after %s: %s', d.made, p_delivery.reason))
    ) as v (n, code, words)
    where v.code = p_delivery.state
$$;

revoke execute on function outbound_webhooks.explain_finished(outbound_webhooks.finished_deliveries) from public;
comment on function outbound_webhooks.explain_finished(outbound_webhooks.finished_deliveries) is
    'What became of a delivery that ended.';
