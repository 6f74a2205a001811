-- rule_option: a rule as `outbound-webhooks watch --rule` takes it: "sent: status changed to sent".
-- Called by: watch_command. Locks: nothing.
create or replace function outbound_webhooks.rule_option(p_rule jsonb)
    returns text
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select split_part(p_rule ->> 'type', '.', 2) || ': ' || case p_rule ->> 'when'
        when 'inserted' then 'inserted'
        when 'changed' then (p_rule ->> 'field') || ' changed' || coalesce(' to ' || (p_rule ->> 'to'), '')
        when 'grew' then (p_rule ->> 'field') || ' grew' || coalesce(' below ' || (p_rule ->> 'below'), '')
    end
$$;

revoke execute on function outbound_webhooks.rule_option(jsonb) from public;
comment on function outbound_webhooks.rule_option(jsonb) is 'A rule as the command line takes it.';
