-- rule_condition: the SQL of a rule: does the update of old to new make this event? True for every insert of an
-- "inserted" rule, which is told apart by the operation.
-- Called by: capture_definition, recapture_change. Locks: nothing.
create or replace function outbound_webhooks.rule_condition(p_columns jsonb, p_rule jsonb)
    returns text
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select case p_rule ->> 'when'
        when 'inserted' then 'true'
        when 'changed' then format('new.%1$s is distinct from old.%1$s', c.field)
            -- The literal takes the type of the column: 0 is 0.00, and t is true.
            || case when p_rule ? 'to' then format(' and new.%s = %L', c.field, p_rule ->> 'to') else '' end
        when 'grew' then format('new.%1$s > coalesce(old.%1$s, 0)', c.field)
            || case when p_rule ? 'below' then format(' and new.%s < new.%s', c.field, c.below) else '' end
    end
    from (
        select
            outbound_webhooks.quote_column(p_columns ->> (p_rule ->> 'field')),
            outbound_webhooks.quote_column(p_columns ->> (p_rule ->> 'below'))
    ) as c (field, below)
$$;

revoke execute on function outbound_webhooks.rule_condition(jsonb, jsonb) from public;
comment on function outbound_webhooks.rule_condition(jsonb, jsonb) is 'The SQL condition under which a rule makes its event.';
