-- deliveries_known_since: the day from which on no finished delivery is gone. Of what is older, nobody can tell any more
-- who had it: a body outlives its own deliveries where another one, or events_keep_days, keeps the events of its day.
-- Called by: owed_page, explain_missing. Locks: nothing.
-- Both what settings say and what is there decide: what is about to go is not counted on, and a day that is gone does not
-- come back when its days are raised.
create or replace function outbound_webhooks.deliveries_known_since()
    returns timestamptz
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
    select greatest(
        date_trunc('day', clock_timestamp() - make_interval(days => least(s.finished_keep_days, s.dead_keep_days))),
        (
            select max(oldest.day)
            from (
                select min(to_date(right(c.relname, 8), 'YYYYMMDD')) as day
                from pg_inherits as i
                join pg_class as c on c.oid = i.inhrelid
                where i.inhparent in (
                        'outbound_webhooks.finished_deliveries_done'::regclass,
                        'outbound_webhooks.finished_deliveries_dead'::regclass
                    )
                    and not i.inhdetachpending
                group by i.inhparent
            ) as oldest
        )
    )
    from outbound_webhooks.settings as s
$$;

revoke execute on function outbound_webhooks.deliveries_known_since() from public;
comment on function outbound_webhooks.deliveries_known_since() is 'From when on no finished delivery is gone.';
