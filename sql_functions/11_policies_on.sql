-- policies_on: the policies of row-level security that show rows of a table to outbound_webhooks_owner: made for it
-- (is_ours), for a role that it is a member of, or for everybody; and whether each shows all rows.
-- Called by: related_table, diagnose_row_security. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.policies_on(p_table regclass)
    returns table (name text, is_ours boolean, shows_all boolean)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        o.polname::text,
        'outbound_webhooks_owner'::regrole = any (o.polroles),
        coalesce(pg_get_expr(o.polqual, o.polrelid) = 'true', false)
    from pg_policy as o
    where o.polrelid = p_table
        and o.polpermissive
        and o.polcmd in ('r', '*')
        and exists (
            select from unnest(o.polroles) as r (role)
            where r.role = 0 or pg_has_role('outbound_webhooks_owner', r.role, 'usage')
        )
$$;

revoke execute on function outbound_webhooks.policies_on(regclass) from public;
comment on function outbound_webhooks.policies_on(regclass) is
    'Which policies of row-level security show rows of a table to our owner role.';
