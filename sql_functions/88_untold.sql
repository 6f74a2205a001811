-- untold: a value as the table has it, of one as events tell it: an amount in major units again, where units are given.
-- Called by: recapture_gap. Locks: nothing.
create or replace function outbound_webhooks.untold(p_value jsonb, p_units jsonb)
    returns jsonb
    language sql
    immutable
    security invoker
as $$
    select case
        when jsonb_typeof(p_value) = 'number' and p_units is not null
            then to_jsonb((p_value #>> '{}')::numeric / (p_units #>> '{}')::numeric)
        else coalesce(p_value, 'null')
    end
$$;

revoke execute on function outbound_webhooks.untold(jsonb, jsonb) from public;
comment on function outbound_webhooks.untold(jsonb, jsonb) is 'A value of an event as the table has it.';
