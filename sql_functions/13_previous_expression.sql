-- previous_expression: the SQL of what a rule's field was before the change: {"status": "pending"}; null for an insert.
-- Called by: rule_statement, recapture_change. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.previous_expression(p_source outbound_webhooks.event_sources, p_rule jsonb)
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select case when p_rule ? 'field'
        then format(
            'json_build_object(%L, %s)',
            p_rule ->> 'field',
            outbound_webhooks.field_expression(
                outbound_webhooks.relation_of(p_source),
                'old', p_rule ->> 'field', p_source.columns ->> (p_rule ->> 'field'),
                p_rule ->> 'field' = any (p_source.amounts),
                case when p_source.columns ? 'currency' then format(
                    'old.%s::text', outbound_webhooks.quote_column(p_source.columns ->> 'currency')
                ) end
            )
        )
        else 'null'
    end
$$;

revoke execute on function outbound_webhooks.previous_expression(outbound_webhooks.event_sources, jsonb) from public;
comment on function outbound_webhooks.previous_expression(outbound_webhooks.event_sources, jsonb) is
    'The SQL of what a rule''s field was before the change.';
