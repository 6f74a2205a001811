-- rows_page: the next rows of a watched table behind a key, in the order of their keys: what a rule may look at.
-- Called by: row_gaps. Locks: ACCESS SHARE on the table, as a reader. Reads as our owner role, as captures do.
-- Rows with the same key, which there should not be, are on one page.
-- made_at: when the row says that it was made; null where nothing is mapped to that. present: {field: value as events
-- tell it}. scale: {field: units}, see present_fields. reached: the types of the rules whose value ("to") it has now.
create or replace function outbound_webhooks.rows_page(
    p_source outbound_webhooks.event_sources, p_after text, p_limit integer
)
    returns table (id text, clinic_id text, made_at timestamptz, present jsonb, scale jsonb, reached text[])
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off -- a page is a few rows, whatever the planner knows of the table
    set jit = off
as $$
declare
    v_relation constant regclass := outbound_webhooks.relation_of(p_source);
    v_present text;
    v_scale text;
    v_key_type text;
    v_made_at text;
    v_reached text;
begin
    select f.present, f.scale into v_present, v_scale from outbound_webhooks.present_fields(p_source) as f;
    select
        max(format_type(a.atttypid, -1)) filter (where a.attname = p_source.columns ->> 'id'),
        max(format('t.%I::timestamptz', a.attname)) filter (
            where a.attname = p_source.columns ->> 'created_at' and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype)
        )
    into v_key_type, v_made_at
    from pg_attribute as a
    where a.attrelid = v_relation;
    select string_agg(
        format('case when t.%I = %L then %L end', p_source.columns ->> (r ->> 'field'), r ->> 'to', r ->> 'type'), ', '
    )
    into v_reached
    from jsonb_array_elements(p_source.rules) as r
    where r ? 'to';

    return query execute format(
        'select t.%1$I::text, t.%2$I::text, %3$s, %4$s, %5$s, array[%6$s]::text[]'
        ' from %7$I.%8$I as t%9$s where %10$s order by t.%1$I fetch first ($2) rows with ties',
        p_source.columns ->> 'id', p_source.columns ->> 'clinic_id', coalesce(v_made_at, 'null::timestamptz'),
        coalesce(v_present, '''{}''::jsonb'), coalesce(v_scale, '''{}''::jsonb'), v_reached,
        p_source.relation_schema, p_source.relation_name,
        case when outbound_webhooks.payload_is_generated(p_source.name) then ''
            else format(', lateral (select outbound_webhooks.told_now(t, %L) offset 0) as d (told)', p_source.name)
        end,
        case when p_after is null then 't.' || quote_ident(p_source.columns ->> 'id') || ' is not null'
            else format('t.%I > $1::%s', p_source.columns ->> 'id', v_key_type)
        end
    ) using p_after, p_limit;
end
$$;

revoke execute on function outbound_webhooks.rows_page(outbound_webhooks.event_sources, text, integer) from public;
comment on function outbound_webhooks.rows_page(outbound_webhooks.event_sources, text, integer) is
    'The next rows of a watched table, with what rules look at.';
