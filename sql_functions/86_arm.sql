-- arm: let the dispatchers of one environment, and no others, send from this database as it is here: this one, on this
-- server (docs/adr/0011). After installation, and after a copy took the place of its original or is to send itself.
-- Called by: DBAs, `outbound-webhooks arm`. Locks: the settings row, and the deliveries that it ends.
-- Refused while dispatchers deliver from here for another environment: it would end them, and is more likely a mistake.
-- p_backlog: what becomes of deliveries that wait: 'keep' leaves them to OUTBOUND_WEBHOOKS_BACKLOG, as when delivery is
-- turned on; 'cancel' ends them. It has to be said if there are any: who copies a database rarely wants them sent twice.
-- Returns how many waited; null if it was armed for that already, and nothing was done.
create or replace function outbound_webhooks.arm(p_environment text, p_backlog text default null)
    returns bigint
    language plpgsql
    volatile
    security definer -- the admin role writes settings only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_armed_for text;
    v_busy text;
    v_waiting bigint;
begin
    if p_environment is null or p_environment !~ '^[A-Za-z0-9._-]{1,63}$' then
        raise exception 'the name of an environment has 1 to 63 letters, digits, dots, dashes and underscores'
            using errcode = 'invalid_parameter_value', hint = 'For example production.';
    end if;
    if p_backlog not in ('keep', 'cancel') then
        raise exception 'what waits is kept or cancelled, not %', p_backlog
            using errcode = 'invalid_parameter_value', hint = 'p_backlog is keep or cancel.';
    end if;
    select g.armed_environment into v_armed_for from outbound_webhooks.settings as g for update;
    if outbound_webhooks.why_unarmed(p_environment) is null then
        return null;
    end if;
    if outbound_webhooks.why_unarmed(v_armed_for) is null then
        select string_agg(d.name, ', ' order by d.name) into v_busy
        from outbound_webhooks.dispatchers as d
        where d.delivering
            and d.stopped_at is null
            and d.heartbeat_at > clock_timestamp() - interval '15 seconds';
        if v_busy is not null then
            raise exception 'dispatchers of % deliver from this database at this moment: %', v_armed_for, v_busy
                using errcode = 'object_not_in_prerequisite_state',
                    hint = 'Stop them first. If this is a copy of the files of their database, wait for 15 seconds: none renews its heartbeat here.';
        end if;
    end if;

    -- Those that are registered deliver from elsewhere, or are dead: what they had leased is free.
    update outbound_webhooks.dispatchers as d set stopped_at = clock_timestamp() where d.delivering and d.stopped_at is null;
    perform outbound_webhooks.free_leases(0);
    v_waiting := (select count(*) from outbound_webhooks.deliveries as d);
    if v_waiting > 0 and p_backlog is null then
        raise exception 'deliveries wait in this database, and would be sent from here: %', v_waiting
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'Say what becomes of them: --keep-backlog or --cancel-backlog (in SQL p_backlog => ''keep'' or ''cancel'').';
    end if;
    if p_backlog = 'cancel' then
        perform outbound_webhooks.treat_backlog(
            'from-now', clock_timestamp(), null, format('waited when the database was armed for %s', p_environment)
        );
    end if;
    update outbound_webhooks.settings as g
    set
        armed_environment = p_environment,
        armed_system_identifier = c.system_identifier,
        armed_database_oid = b.oid,
        armed_database = b.datname,
        armed_at = clock_timestamp(),
        armed_by = session_user,
        delivering = false, -- the dispatcher that delivers next treats what waits (begin_delivery)
        delivering_since = null
    from pg_control_system() as c, pg_database as b
    where b.datname = current_database();
    return v_waiting;
end
$$;

revoke execute on function outbound_webhooks.arm(text, text) from public;
grant execute on function outbound_webhooks.arm(text, text) to outbound_webhooks_admin;
comment on function outbound_webhooks.arm(text, text) is
    'Let the dispatchers of an environment send from this database: arm(''production''); returns how many deliveries waited.';
