-- why_unarmed: why does nothing of an environment send from this database? Null: it is armed for it (docs/adr/0011).
-- Called by: refuse_unarmed, arm, diagnose_arming, and every dispatcher's snapshot. Locks: nothing.
-- A dump restored elsewhere has another server, a copy on the same server another oid; a physical copy has both, and is
-- told apart by what the dispatcher says alone.
create or replace function outbound_webhooks.why_unarmed(p_environment text)
    returns text
    language sql
    stable
    security definer -- where pg_control_system() is not for everybody, the owner alone needs it
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_environment is null
            then 'the dispatcher does not say in which environment it is: set OUTBOUND_WEBHOOKS_ENVIRONMENT'
        when g.armed_at is null then 'it was never armed'
        when g.armed_system_identifier <> c.system_identifier then format(
            'it was armed as database %s of another server (system identifier %s, and not %s): it is a copy, or was moved',
            g.armed_database, g.armed_system_identifier, c.system_identifier
        )
        when g.armed_database_oid <> b.oid then format(
            'it was armed as database %s (oid %s) of this server, and is %s (oid %s): it is a copy, or was restored',
            g.armed_database, g.armed_database_oid, b.datname, b.oid
        )
        when g.armed_environment <> p_environment
            then format('it is armed for the environment %s, and not for %s', g.armed_environment, p_environment)
    end
    from outbound_webhooks.settings as g
    cross join pg_control_system() as c
    join pg_database as b on b.datname = current_database()
$$;

revoke execute on function outbound_webhooks.why_unarmed(text) from public;
grant execute on function outbound_webhooks.why_unarmed(text)
    to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor;
comment on function outbound_webhooks.why_unarmed(text) is
    'Why dispatchers of an environment do not send from this database; null if they do.';
