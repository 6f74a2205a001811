-- calls_for_event: would a rule make an event of a field that was one value and became another, both as events tell them?
-- Called by: row_gaps. Locks: nothing. As rule_condition does it for a row that is written; a rule's "to" is asked of the
-- row itself. Numbers are compared as numbers: jsonb does so. p_below: what it has to stay below; null: nothing.
-- An old or new value that is null was not told at all: nothing can be said. One that is JSON null was null.
create or replace function outbound_webhooks.calls_for_event(p_kind text, p_old jsonb, p_new jsonb, p_below jsonb)
    returns boolean
    language sql
    immutable
    security invoker
as $$
    select case p_kind
        when 'changed' then p_new <> p_old
        when 'grew' then p_new > case when p_old = 'null' then '0' else p_old end and (p_below is null or p_new < p_below)
    end
$$;

revoke execute on function outbound_webhooks.calls_for_event(text, jsonb, jsonb, jsonb) from public;
comment on function outbound_webhooks.calls_for_event(text, jsonb, jsonb, jsonb) is
    'Whether a rule makes an event of a value that became another one.';
