-- payment_rules: which change of a row makes which event, from what the mapping has, when watch() was given no rules.
-- Called by: describe_source. Locks: nothing.
-- The order is the order of emission: a change of both emits the status first.
create or replace function outbound_webhooks.payment_rules(p_resource text, p_columns jsonb)
    returns jsonb
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select jsonb_agg(jsonb_strip_nulls(r.rule) order by r.position)
    from (
        values
            (1, jsonb_build_object('type', p_resource || '.created', 'when', 'inserted')),
            (2, jsonb_build_object('type', p_resource || '.status_changed', 'when', 'changed', 'field', 'status')),
            (3, jsonb_build_object(
                'type', p_resource || '.partially_refunded', 'when', 'grew', 'field', 'refunded_amount',
                'below', case when p_columns ? 'amount' then 'amount' end
            ))
    ) as r (position, rule)
    where not r.rule ? 'field'
        or p_columns ? (r.rule ->> 'field')
$$;

revoke execute on function outbound_webhooks.payment_rules(text, jsonb) from public;
comment on function outbound_webhooks.payment_rules(text, jsonb) is
    'The rules of a payment source: created, status_changed, partially_refunded.';
