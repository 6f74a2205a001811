-- audit_action: what a change of a row is called in the audit log: endpoint.paused, signing_key.revoked, ...
-- Called by: audit_change. Locks: nothing. docs/audit.md has the table.
create or replace function outbound_webhooks.audit_action(p_thing text, p_operation text, p_old jsonb, p_new jsonb)
    returns text
    language sql
    volatile -- reads the clock
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select p_thing || '.' || case
        when p_operation = 'TRUNCATE' then 'truncated'
        when p_operation = 'INSERT' then case
            when p_thing in ('signing_key', 'api_key') then 'issued'
            when p_thing = 'source' then 'watched'
            else 'created'
        end
        when p_operation = 'DELETE' then case when p_thing = 'source' then 'unwatched' else 'removed' end
        when p_old ->> 'revoked_at' is null and p_new ->> 'revoked_at' is not null then 'revoked'
        when p_old ->> 'state' <> p_new ->> 'state'
            then case p_new ->> 'state' when 'active' then 'resumed' else p_new ->> 'state' end
        when p_old ->> 'valid_until' is distinct from p_new ->> 'valid_until' and p_new ->> 'valid_until' is not null
            then case
                when (p_new ->> 'valid_until')::timestamptz <= clock_timestamp() then 'revoked' else 'superseded'
            end
        else 'changed'
    end
$$;

revoke execute on function outbound_webhooks.audit_action(text, text, jsonb, jsonb) from public;
comment on function outbound_webhooks.audit_action(text, text, jsonb, jsonb) is 'The name of a change in the audit log.';
