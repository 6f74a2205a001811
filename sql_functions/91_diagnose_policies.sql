-- diagnose_policies: are our tables that hold rows of clinics as protect_table() makes them?
-- Called by: doctor. Locks: nothing (reads the catalog). A dump that was restored where our roles were missing has lost
-- policies. One that was added shows more than ours do.
create or replace function outbound_webhooks.diagnose_policies()
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        'problem',
        'policies-missing',
        'table ' || c.relname,
        case when c.relrowsecurity
            then format('row-level security lacks its policies: %s', p.missing)
            else 'row-level security is off: outbound_webhooks_clinic reads rows of all clinics'
        end,
        'select outbound_webhooks.protect_tables()'
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attname = 'clinic_id' and not a.attisdropped
    cross join lateral (
        select string_agg(w.name, ', ')
        from unnest(case when c.relispartition then '{}' else array['platform', 'clinic'] end) as w (name)
        where not exists (select from pg_policy as o where o.polrelid = c.oid and o.polname = w.name)
    ) as p (missing)
    where c.relnamespace = 'outbound_webhooks'::regnamespace
        and c.relkind in ('r', 'p')
        and (c.relispartition or c.relname !~ '_[0-9]{8}$') -- a day that was detached is dropped, or a DBA's
        and not (c.relrowsecurity and p.missing is null)
    union all
    select
        'warning',
        'policy-foreign',
        'table ' || c.relname,
        format('policy %I is not ours: it may show rows of other clinics', o.polname),
        format('drop policy %I on %s, if nobody needs it', o.polname, c.oid::regclass)
    from pg_policy as o
    join pg_class as c on c.oid = o.polrelid
    where c.relnamespace = 'outbound_webhooks'::regnamespace
        and o.polpermissive
        and o.polname not in ('platform', 'clinic')
$$;

revoke execute on function outbound_webhooks.diagnose_policies() from public;
comment on function outbound_webhooks.diagnose_policies() is
    'Row-level security of our own tables that is missing, or not ours.';
