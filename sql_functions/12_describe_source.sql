-- describe_source: what watch() is asked for, checked against the catalog and completed: the row of event_sources.
-- Called by: watch, watch_ddl. Locks: nothing (reads the catalog). Refuses with the reason; writes nothing.
create or replace function outbound_webhooks.describe_source(
    p_relation regclass,
    p_columns jsonb,
    p_resource text,
    p_name text,
    p_include jsonb,
    p_amounts text[],
    p_related jsonb,
    p_rules jsonb,
    p_strict boolean
)
    returns outbound_webhooks.event_sources
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_source outbound_webhooks.event_sources;
    v_amount text;
begin
    perform outbound_webhooks.check_arguments(p_relation, p_columns, p_resource, p_include, p_related, p_strict);
    perform outbound_webhooks.check_watchable(p_relation);
    select n.nspname, c.relname, c.oid
    into v_source.relation_schema, v_source.relation_name, v_source.relation_oid
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_relation;

    v_source.columns := outbound_webhooks.source_columns(p_relation, p_columns, p_include);
    v_source.name := outbound_webhooks.source_name(v_source, p_name, p_resource);
    v_source.resource := p_resource;
    v_source.column_numbers := (
        select jsonb_object_agg(c.key, a.attnum)
        from jsonb_each_text(v_source.columns) as c
        join pg_attribute as a on a.attrelid = p_relation and a.attname = c.value
    );
    v_source.amounts := array(
        select f from unnest(array['amount', 'refunded_amount'] || p_amounts) as f
        where coalesce(v_source.columns ? f, true) or f = any (p_amounts)
    );
    foreach v_amount in array v_source.amounts loop
        if not v_source.columns ? coalesce(v_amount, '') then
            raise exception 'the amount % is no field of the mapping', quote_nullable(v_amount)
                using errcode = 'undefined_column', hint = 'Include it: p_include => ''{"tax": "tax_cents"}'', or --include.';
        end if;
        perform outbound_webhooks.check_comparable(p_relation, v_source.columns ->> v_amount, true);
    end loop;
    v_source.related := outbound_webhooks.check_related(p_relation, v_source.columns, p_related);
    v_source.rules := coalesce(p_rules, outbound_webhooks.payment_rules(p_resource, v_source.columns));
    perform outbound_webhooks.check_rules(p_relation, p_resource, v_source.columns, v_source.rules);
    perform outbound_webhooks.check_partition_key(v_source);
    perform outbound_webhooks.check_size(v_source);
    perform outbound_webhooks.check_readable(t::regclass) from outbound_webhooks.tables_read(v_source) as t;
    v_source.is_strict := p_strict;
    return v_source;
end
$$;

revoke execute on function outbound_webhooks.describe_source(
    regclass, jsonb, text, text, jsonb, text[], jsonb, jsonb, boolean
) from public;
comment on function outbound_webhooks.describe_source(
    regclass, jsonb, text, text, jsonb, text[], jsonb, jsonb, boolean
) is 'Check and complete what watch() is asked for; writes nothing.';
