-- diagnose_related: can the related rows of a source still be found, as its generated payload does?
-- Called by: diagnose_source. Locks: nothing (reads the catalog). Says the first thing that is wrong.
create or replace function outbound_webhooks.diagnose_related(p_source outbound_webhooks.event_sources)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform outbound_webhooks.check_related(p_source.relation_oid, p_source.columns, p_source.related);
exception
    when insufficient_privilege then
        null; -- diagnose_rights tells of it
    when others then
        return query select
            case when outbound_webhooks.payload_is_generated(p_source.name) then 'problem' else 'warning' end,
            'related-broken',
            'source ' || p_source.name,
            'related rows: ' || sqlerrm,
            'put it right in its --related, or leave that out: ' || outbound_webhooks.watch_command(p_source);
end
$$;

revoke execute on function outbound_webhooks.diagnose_related(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.diagnose_related(outbound_webhooks.event_sources) is
    'What keeps a source from finding its related rows.';
