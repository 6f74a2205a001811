-- payload_fields: the fields of one row, as json_build_object() takes them: 'id', payment.id::text, ...
-- Called by: payload_definition. Locks: nothing (reads the catalog). The parts come first, in their order.
create or replace function outbound_webhooks.payload_fields(
    p_relation regclass, p_row text, p_columns jsonb, p_amounts text[], p_currency text
)
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        format('%L, %s', c.key, outbound_webhooks.field_expression(
            p_relation, p_row, c.key, c.value, c.key = any (p_amounts), p_currency
        )),
        E',\n        ' order by array_position(outbound_webhooks.payment_parts(), c.key), c.key
    )
    from jsonb_each_text(p_columns) as c
$$;

revoke execute on function outbound_webhooks.payload_fields(regclass, text, jsonb, text[], text) from public;
comment on function outbound_webhooks.payload_fields(regclass, text, jsonb, text[], text) is
    'The fields of one row of a payload, as SQL.';
