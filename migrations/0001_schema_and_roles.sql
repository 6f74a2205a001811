-- The schema, and the five roles that everything in it is granted to.
-- Locks: nothing that exists. Duration: milliseconds.
-- Roles belong to the whole server, so they may be there already (another database of the same server).

set local lock_timeout = '2s';

do $$
begin
    if current_setting('server_version_num')::integer < 150000 then
        raise exception 'PostgreSQL 15 or later is needed; this server is %', current_setting('server_version')
            using errcode = 'feature_not_supported';
    end if;
    -- jsonb and md5 would work on the bytes of another encoding, and what a body can hold would depend on its text.
    if current_setting('server_encoding') <> 'UTF8' then
        raise exception 'this database is encoded in %, and webhooks are UTF-8', current_setting('server_encoding')
            using errcode = 'feature_not_supported', hint = 'Move it to a database with encoding UTF8, by pg_dump.';
    end if;
end
$$;

do $$
declare
    v_role text;
begin
    foreach v_role in array array[
        'outbound_webhooks_owner', 'outbound_webhooks_dispatcher', 'outbound_webhooks_admin',
        'outbound_webhooks_monitor', 'outbound_webhooks_clinic'
    ] loop
        if not exists (select from pg_roles where rolname = v_role) then
            begin
                execute format('create role %I nologin', v_role);
            exception when duplicate_object or unique_violation then
                null; -- another database of this server is being migrated at this moment
            end;
        end if;
        -- The migrating role works as the owner below, and one database URL may serve every pool (each does SET ROLE on
        -- connect), so it becomes a member. Who made the role may do that; elsewhere the DBA granted it before.
        if not (select r.rolsuper from pg_roles as r where r.rolname = current_user) then
            begin
                execute format('grant %I to current_user', v_role);
            exception when insufficient_privilege then
                null; -- set role below says so if the membership is missing
            end;
        end if;
    end loop;
end
$$;

create schema if not exists outbound_webhooks authorization outbound_webhooks_owner;

comment on schema outbound_webhooks is
    'Outbound webhooks: events captured from watched tables, their deliveries, and everything that sends them.';

grant usage on schema outbound_webhooks
    to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor, outbound_webhooks_clinic;
