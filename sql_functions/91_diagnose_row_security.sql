-- diagnose_row_security: does row-level security hide rows that a source reads from outbound_webhooks_owner?
-- Called by: diagnose_source, as that role. Locks: nothing (reads the catalog). Captures see the written row itself in
-- any case; what is read beside it, and what is looked up later by its key, is subject to the policies.
create or replace function outbound_webhooks.diagnose_row_security(p_source outbound_webhooks.event_sources)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        case when p.names is null and c.oid <> p_source.relation_oid then 'problem' else 'warning' end,
        case when p.names is null then 'rows-hidden' else 'rows-filtered' end,
        'source ' || p_source.name,
        format(
            case when p.names is null
                then 'row-level security hides all rows of %s from outbound_webhooks_owner: '
                else 'row-level security (%2$s) decides which rows of %1$s outbound_webhooks_owner sees: '
            end
            || case when c.oid = p_source.relation_oid
                then 'previews, emit_row() and recapture() miss the others'
                else 'the others are null in payloads'
            end,
            t.name, p.names
        ),
        format('create policy outbound_webhooks on %s for select to outbound_webhooks_owner using (true)', t.name)
    from outbound_webhooks.tables_read(p_source) as t (name)
    join pg_class as c on c.oid = outbound_webhooks.table_named(t.name)
    cross join lateral (
        select string_agg(quote_ident(o.name), ', ' order by o.name), bool_or(o.shows_all)
        from outbound_webhooks.policies_on(c.oid) as o
    ) as p (names, all_rows)
    where row_security_active(c.oid)
        and p.all_rows is not true
$$;

revoke execute on function outbound_webhooks.diagnose_row_security(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.diagnose_row_security(outbound_webhooks.event_sources) is
    'Row-level security that hides rows which a source reads.';
