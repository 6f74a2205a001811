-- note_trial: a test is about to be sent to where an endpoint is to be, before there is one: a line of the audit log is all
-- that stays of it, if the endpoint is not made then.
-- Called by: the admin API, as the admin role alone, in a transaction that it commits before it sends. Locks: nothing.
create or replace function outbound_webhooks.note_trial(p_clinic_id text, p_url text, p_event_id uuid)
    returns void
    language sql
    volatile
    security definer -- no role writes the log itself
    set search_path = pg_catalog, pg_temp
as $$
    select outbound_webhooks.record_audit(
        'endpoint.tried', p_clinic_id, 'an endpoint to be',
        jsonb_build_object('url', outbound_webhooks.audit_clean_url(to_jsonb(p_url)), 'event_id', p_event_id)
    )
$$;

revoke execute on function outbound_webhooks.note_trial(text, text, uuid) from public;
grant execute on function outbound_webhooks.note_trial(text, text, uuid) to outbound_webhooks_admin;
comment on function outbound_webhooks.note_trial(text, text, uuid) is
    'Note in the audit log that a test goes to where an endpoint is to be.';
