-- field_expression: the SQL of one field of a payload: ids as strings, money in minor units, timestamps in UTC.
-- Called by: payload_definition, capture_definition. Locks: nothing (reads the catalog).
-- p_row is the name of the row in that SQL; p_currency the SQL of its currency, for an amount in major units.
create or replace function outbound_webhooks.field_expression(
    p_relation regclass, p_row text, p_field text, p_column text, p_is_amount boolean, p_currency text
)
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (
            select case
                when p_field ~ '(^id|_id|Id)$' then c.name || '::text'
                -- Integers are minor units already. A domain has the output function of its base type.
                when p_is_amount and t.typoutput <> all (array['int2out', 'int4out', 'int8out']::regproc[])
                    then format(
                        'outbound_webhooks.minor_units(%s%s::numeric, %s)',
                        c.name,
                        -- Cast at once, a float would be rounded to 6 or 15 digits.
                        case when t.typoutput = any (array['float4out', 'float8out']::regproc[]) then '::text' else '' end,
                        coalesce(p_currency, 'null')
                    )
                -- An ORM's timestamp without time zone is in UTC; said so, a receiver need not guess.
                when t.typoutput = 'timestamp_out'::regproc then c.name || ' at time zone ''UTC'''
            end
            from pg_attribute as a
            join pg_type as t on t.oid = a.atttypid
            where a.attrelid = p_relation
                and a.attname = p_column
        ),
        -- Also for a column that the host dropped: the text is loaded all the same, and fails when it runs.
        c.name
    )
    from (select p_row || '.' || outbound_webhooks.quote_column(p_column)) as c (name)
$$;

revoke execute on function outbound_webhooks.field_expression(regclass, text, text, text, boolean, text) from public;
comment on function outbound_webhooks.field_expression(regclass, text, text, text, boolean, text) is
    'The SQL expression of one field of a payload.';
