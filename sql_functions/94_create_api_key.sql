-- create_api_key: a key of a machine that calls the admin API. The key itself never comes here: its digest does.
-- Called by: the admin API, `outbound-webhooks api-keys create`. Returns the key's id, which is part of the key.
-- Locks: the number of the clinic's keys, against another call for the same clinic.
create or replace function outbound_webhooks.create_api_key(
    p_role text,
    p_digest bytea,
    p_clinic_id text default null,
    p_description text default '',
    p_expires_in interval default null
)
    returns bigint
    language plpgsql
    volatile
    security definer -- no role has a grant on api_keys
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_most constant integer := 100; -- of a clinic, or of the operators, that are live
    v_now timestamptz;
    v_id bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended('outbound_webhooks.api_keys of ' || coalesce(p_clinic_id, ''), 0));
    v_now := clock_timestamp(); -- after the lock
    if (
        select count(*)
        from outbound_webhooks.api_keys as k
        where k.clinic_id is not distinct from p_clinic_id
            and k.revoked_at is null
            and (k.expires_at is null or k.expires_at > v_now)
    ) >= v_most then
        raise exception '% API keys are in use %, which is the most',
            v_most, coalesce('for clinic ' || p_clinic_id, 'by operators')
            using errcode = 'program_limit_exceeded', hint = 'Revoke one that is not needed any more.';
    end if;
    insert into outbound_webhooks.api_keys (clinic_id, role, digest, description, created_at, created_by, expires_at)
    values (
        p_clinic_id, p_role, p_digest, p_description, v_now, outbound_webhooks.actor_name(), v_now + p_expires_in
    )
    returning id into v_id;
    return v_id;
end
$$;

revoke execute on function outbound_webhooks.create_api_key(text, bytea, text, text, interval) from public;
grant execute on function outbound_webhooks.create_api_key(text, bytea, text, text, interval)
    to outbound_webhooks_admin;
comment on function outbound_webhooks.create_api_key(text, bytea, text, text, interval) is
    E'Make an API key known; returns its id. The key is made by the program (`outbound-webhooks api-keys create`), and '
    'is never in the database.\n'
    'p_role: owner, manager or operator.\n'
    'p_digest: SHA-256 of the 43 characters that stand after owk_<id>_.\n'
    'p_clinic_id: the clinic that it is for; null for an operator, and only then.\n'
    'p_description: for people: which machine has it.\n'
    'p_expires_in: for how long it is valid; for ever if left out.';
