-- retention_plan: every daily partition, whether it goes at p_now, and why or why not.
-- Called by: the leader's retention (dispatcher/pipeline/retention.py), `outbound-webhooks retention`, people.
-- Locks: nothing.
-- A partition goes once its whole day is older than its days in settings. One of events stays, all the same, while a
-- delivery refers to an event in it that is live, or finished in a partition that stays: a body outlives its deliveries.
-- It is one statement, so one snapshot: a delivery that moves meanwhile is seen where it was, or where it is.
-- What begin_drop() marked goes, whatever settings say by now: it is out of sight already.
create or replace function outbound_webhooks.retention_plan(p_now timestamptz default clock_timestamp())
    returns table (
        parent text,
        partition text,
        day date,
        keep_days integer,
        state text,
        bytes bigint,
        is_over boolean,
        goes boolean,
        reason text
    )
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
    with kept as materialized (
        select k.parent, k.days, date_trunc('day', p_now - make_interval(days => k.days)) as since
        from outbound_webhooks.settings as s
        cross join lateral (values
            ('attempts', s.attempts_keep_days),
            ('finished_deliveries_done', s.finished_keep_days),
            ('finished_deliveries_dead', s.dead_keep_days),
            ('events', s.events_keep_days)
        ) as k (parent, days)
    ),
    daily as materialized (
        select
            kept.parent,
            kept.days,
            c.oid,
            c.relname::text as partition,
            d.day,
            d.day < kept.since as is_over,
            coalesce(obj_description(c.oid, 'pg_class') = 'Being dropped by retention.', false) as begun,
            case when i.inhrelid is null then 'detached' when i.inhdetachpending then 'detaching' else 'attached' end as state
        from kept
        join pg_class as c on c.relname ~ ('^' || kept.parent || '_[0-9]{8}$')
        cross join lateral (select to_date(right(c.relname, 8), 'YYYYMMDD') as day) as d
        left join pg_inherits as i on i.inhrelid = c.oid
        where c.relnamespace = 'outbound_webhooks'::regnamespace
            and c.relkind = 'r'
    )
    select
        daily.parent,
        daily.partition,
        daily.day,
        daily.days,
        daily.state,
        coalesce(pg_total_relation_size(daily.oid), 0),
        daily.is_over,
        case when daily.state = 'attached' then daily.is_over and used.reason is null else daily.begun end,
        case
            when daily.begun and daily.state <> 'attached' then 'retention has begun to drop it'
            when not daily.is_over then 'its days are not over'
            when daily.state = 'detaching' then 'somebody else is detaching it'
            else coalesce(used.reason, 'its days are over')
        end
    from daily
    left join lateral (
        select format('delivery %s, %s, refers to an event in it', d.id, d.state) as reason
        from (
            (
                select live.id, 'which is live' as state
                from outbound_webhooks.deliveries as live
                where live.event_id >= outbound_webhooks.uuid_v7_floor(daily.day)
                    and live.event_id < outbound_webhooks.uuid_v7_floor(daily.day + 1)
                limit 1
            )
            union all
            (
                select dead.id, 'dead and kept'
                from outbound_webhooks.finished_deliveries as dead
                where dead.state = 'dead'
                    and dead.finished_at >= (select kept.since from kept where kept.parent = 'finished_deliveries_dead')
                    and dead.event_id >= outbound_webhooks.uuid_v7_floor(daily.day)
                    and dead.event_id < outbound_webhooks.uuid_v7_floor(daily.day + 1)
                limit 1
            )
            union all
            (
                select done.id, 'finished and kept'
                from outbound_webhooks.finished_deliveries as done
                where done.state in ('succeeded', 'cancelled')
                    and done.finished_at >= (select kept.since from kept where kept.parent = 'finished_deliveries_done')
                    and done.event_id >= outbound_webhooks.uuid_v7_floor(daily.day)
                    and done.event_id < outbound_webhooks.uuid_v7_floor(daily.day + 1)
                limit 1
            )
        ) as d
        where daily.parent = 'events'
            and daily.is_over
        limit 1
    ) as used on true
    -- A table that a DBA detached is the DBA's.
    where daily.state <> 'detached' or daily.begun
$$;

revoke execute on function outbound_webhooks.retention_plan(timestamptz) from public;
grant execute on function outbound_webhooks.retention_plan(timestamptz)
    to outbound_webhooks_dispatcher, outbound_webhooks_admin;
comment on function outbound_webhooks.retention_plan(timestamptz) is
    'Every daily partition: its size, whether retention drops it, and what keeps it.';
