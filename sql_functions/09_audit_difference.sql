-- audit_difference: what a row was and what it became, as {"before": {...}, "after": {...}}: only what changed; null if
-- nothing did. p_old or p_new is null for a row that is new, or gone: then of the other all that it had.
-- Called by: audit_change. Locks: nothing.
-- p_unsaid: columns whose values are never recorded, only that one was given; that one was cleared is no news, as
-- sealing does it. Of a URL its user, password and query are left out, where secrets may be.
create or replace function outbound_webhooks.audit_difference(p_old jsonb, p_new jsonb, p_unsaid text[])
    returns jsonb
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        case when p_old is null then '{}' else jsonb_build_object(
            'before', coalesce(jsonb_object_agg(c.key, c.before) filter (where not c.is_unsaid), '{}')
        ) end
        || case when p_new is null then '{}' else jsonb_build_object('after', jsonb_object_agg(c.key, c.after)) end
    from (
        select
            k.key,
            k.key = any (p_unsaid) as is_unsaid,
            said.before,
            case when k.key = any (p_unsaid) then '"(not recorded)"' else said.after end as after
        from jsonb_object_keys(coalesce(p_new, p_old)) as k (key)
        cross join lateral (
            select coalesce(p_old -> k.key, 'null') as before, coalesce(p_new -> k.key, 'null') as after
        ) as v
        cross join lateral (
            select
                case when k.key = 'url' then outbound_webhooks.audit_clean_url(v.before) else v.before end as before,
                case when k.key = 'url' then outbound_webhooks.audit_clean_url(v.after) else v.after end as after
        ) as said
        where v.before <> v.after
            and (k.key <> all (p_unsaid) or v.after <> 'null')
    ) as c
    having count(*) > 0
$$;

revoke execute on function outbound_webhooks.audit_difference(jsonb, jsonb, text[]) from public;
comment on function outbound_webhooks.audit_difference(jsonb, jsonb, text[]) is
    'What changed between two states of a row, without what is never recorded.';
