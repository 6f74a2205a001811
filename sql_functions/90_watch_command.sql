-- watch_command: the command line that watches a table as a source describes it.
-- Called by: the diagnoses of doctor, for their remedies. Locks: nothing.
-- watch takes over all that it is asked for, so a remedy has to ask for everything, not only for what changes.
create or replace function outbound_webhooks.watch_command(p_source outbound_webhooks.event_sources)
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select concat_ws(
        ' ',
        'outbound-webhooks watch',
        outbound_webhooks.shell_word(format('%I.%I', p_source.relation_schema, p_source.relation_name)),
        (
            select string_agg('--map ' || outbound_webhooks.shell_word(c.key || '=' || c.value), ' ' order by p.n)
            from jsonb_each_text(p_source.columns) as c
            join unnest(outbound_webhooks.payment_parts()) with ordinality as p (part, n) on p.part = c.key
            where c.key <> c.value
        ),
        (
            select string_agg(
                '--include ' || outbound_webhooks.shell_word(concat_ws('=', c.key, nullif(c.value, c.key))), ' ' order by c.key
            )
            from jsonb_each_text(p_source.columns) as c
            where c.key <> all (outbound_webhooks.payment_parts())
        ),
        (
            select string_agg(distinct '--amount ' || a.field, ' ')
            from unnest(p_source.amounts) as a (field)
            where a.field <> all (outbound_webhooks.payment_parts())
        ),
        (
            select string_agg(
                '--related ' || outbound_webhooks.shell_word(outbound_webhooks.related_option(r.entry)), ' ' order by r.n
            )
            from jsonb_array_elements(p_source.related) with ordinality as r (entry, n)
        ),
        case when p_source.resource <> 'payment_transaction' then '--resource ' || p_source.resource end,
        (
            select string_agg(
                '--rule ' || outbound_webhooks.shell_word(outbound_webhooks.rule_option(r.rule)), ' ' order by r.n
            )
            from jsonb_array_elements(p_source.rules) with ordinality as r (rule, n)
            where p_source.rules <> outbound_webhooks.payment_rules(p_source.resource, p_source.columns)
        ),
        case when p_source.name <> p_source.relation_name then '--name ' || p_source.name end,
        case when p_source.is_strict then '--strict' end
    )
$$;

revoke execute on function outbound_webhooks.watch_command(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.watch_command(outbound_webhooks.event_sources) is
    'The command line that watches a source''s table as it is watched.';
