-- member_roles: what a person is at some clinics, by the host's clinic_role(). A clinic where they are nothing has no row.
-- Called by: dispatcher/admin/operations/membership.py, for each request of a person. Locks: what clinic_role() does.
create or replace function outbound_webhooks.member_roles(p_user_id text, p_clinic_ids text[])
    returns table (clinic_id text, role text)
    language plpgsql -- loaded before clinic_role() is made
    stable
    security definer -- the host grants its table of members to the owner role, once, and to no program
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select c.id, lower(r.name)
    from unnest(p_clinic_ids) as c (id)
    cross join lateral (select outbound_webhooks.clinic_role(p_user_id, c.id)) as r (name)
    where lower(r.name) in ('owner', 'manager');
end
$$;

revoke execute on function outbound_webhooks.member_roles(text, text[]) from public;
grant execute on function outbound_webhooks.member_roles(text, text[]) to outbound_webhooks_admin;
comment on function outbound_webhooks.member_roles(text, text[]) is
    E'What a person is at these clinics, by clinic_role(): owner or manager. Anything else that it returns counts as '
    'nothing.\n'
    'p_user_id: the person, as the host calls them.\n'
    'p_clinic_ids: the clinics.';
