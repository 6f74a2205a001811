-- payment_rules: which change of a payment makes which event, from what the mapping has.
-- Called by: watch. Locks: nothing. The order is the order of emission: a change of both emits the status first.
create or replace function outbound_webhooks.payment_rules(p_resource text, p_columns jsonb)
    returns jsonb
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select jsonb_agg(r.rule order by r.position)
    from (
        values
            (1, jsonb_build_object('type', p_resource || '.created', 'when', 'inserted')),
            (2, jsonb_build_object(
                'type', p_resource || '.status_changed', 'when', 'changed', 'column', p_columns ->> 'status'
            )),
            (3, jsonb_build_object(
                'type', p_resource || '.partially_refunded', 'when', 'grew',
                'column', p_columns ->> 'refunded_amount', 'below', p_columns ->> 'amount'
            ))
    ) as r (position, rule)
    where r.rule ->> 'when' = 'inserted'
        or r.rule ->> 'column' is not null
$$;

revoke execute on function outbound_webhooks.payment_rules(text, jsonb) from public;
comment on function outbound_webhooks.payment_rules(text, jsonb) is
    'The rules of a payment source: created, status_changed, partially_refunded.';
