-- xmin_ages: the oldest snapshots of this database that keep VACUUM from removing dead rows, by what holds them.
-- Called by: every dispatcher, every 10 s, for its snapshot. Locks: nothing.
-- A session's xmin is shown to everybody, what it does is not. A slot's catalog_xmin keeps rows of the catalog only.
create or replace function outbound_webhooks.xmin_ages()
    returns table (holder text, xmin xid, age integer)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select kind.holder, oldest.xmin, coalesce(age(oldest.xmin), 0)
    from unnest(array['session', 'replication_slot', 'prepared_transaction']) as kind (holder)
    left join lateral (
        select held.xmin
        from (
            -- Walsenders belong to no database; a VACUUM's own snapshot keeps nothing.
            select 'session' as holder, a.backend_xmin as xmin
            from pg_stat_activity as a
            where coalesce(a.datname, current_database()) = current_database()
                and a.pid <> pg_backend_pid()
                and not exists (select from pg_stat_progress_vacuum as v where v.pid = a.pid)
            union all
            select 'replication_slot', s.xmin
            from pg_replication_slots as s
            where coalesce(s.database, current_database()) = current_database()
            union all
            select 'prepared_transaction', p.transaction
            from pg_prepared_xacts as p
            where p.database = current_database()
        ) as held
        where held.holder = kind.holder
            and held.xmin is not null
        order by age(held.xmin) desc
        limit 1
    ) as oldest on true
$$;

revoke execute on function outbound_webhooks.xmin_ages() from public;
grant execute on function outbound_webhooks.xmin_ages() to outbound_webhooks_dispatcher, outbound_webhooks_admin;
comment on function outbound_webhooks.xmin_ages() is
    'The oldest transaction that a session, a replication slot and a prepared transaction still keep dead rows for.';
