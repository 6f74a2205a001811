-- rules_since: since when a source has the mapping and the rules that it has now, by the audit log; or since it is watched.
-- Called by: reconcile_rows. Locks: nothing. What was written before was judged by others, or told in other words.
create or replace function outbound_webhooks.rules_since(p_source outbound_webhooks.event_sources)
    returns timestamptz
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select greatest(p_source.created_at, max(l.at))
    from outbound_webhooks.audit_log as l
    where l.clinic_id is null
        and l.action = 'source.changed'
        and l.subject = 'source ' || p_source.name
        and l.details -> 'after' ?| array['resource', 'columns', 'amounts', 'rules']
$$;

revoke execute on function outbound_webhooks.rules_since(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.rules_since(outbound_webhooks.event_sources) is
    'Since when a source has its mapping and its rules.';
