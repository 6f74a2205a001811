-- events_known_since: the moment from which on no event is gone, as far as partitions and settings say; and no line of
-- the audit log. Of what is older, nobody can tell any more whether there was an event, or why not.
-- Called by: judge_gap, by way of reconcile_rows. Locks: nothing.
-- A day in the middle may be gone while an older one is kept for a delivery that refers to it: the youngest gap decides.
create or replace function outbound_webhooks.events_known_since()
    returns timestamptz
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
    select greatest(
        date_trunc('day', clock_timestamp() - make_interval(days => s.events_keep_days)),
        date_trunc('day', clock_timestamp() - make_interval(days => s.audit_keep_days)) + interval '1 day',
        (
            select max(d.day)
            from (
                select
                    p.day,
                    p.day - lag(p.day) over (order by p.day) as step
                from (
                    select to_date(right(c.relname, 8), 'YYYYMMDD') as day
                    from pg_inherits as i
                    join pg_class as c on c.oid = i.inhrelid
                    where i.inhparent = 'outbound_webhooks.events'::regclass
                        and not i.inhdetachpending
                ) as p
            ) as d
            where d.step is distinct from 1 -- the oldest, and each behind a day that is gone
                and d.day <= current_date
        )
    )
    from outbound_webhooks.settings as s
$$;

revoke execute on function outbound_webhooks.events_known_since() from public;
comment on function outbound_webhooks.events_known_since() is 'From when on no event is gone.';
