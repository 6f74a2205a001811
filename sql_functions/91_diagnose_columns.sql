-- diagnose_columns: are the mapped columns of a source there, and do their types fit its rules?
-- Called by: diagnose_source. Locks: nothing (reads the catalog). A column that was renamed is found by its number.
create or replace function outbound_webhooks.diagnose_columns(p_source outbound_webhooks.event_sources)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_have constant text[] := outbound_webhooks.column_names(p_source.relation_oid);
    v_now outbound_webhooks.event_sources := p_source;
    v_missing jsonb;
    v_field text;
    v_is_number boolean;
begin
    severity := 'problem';
    subject := 'source ' || p_source.name;
    select jsonb_object_agg(c.key, a.attname) into v_missing
    from jsonb_each_text(p_source.columns) as c
    left join pg_attribute as a
        on a.attrelid = p_source.relation_oid
        and a.attnum = (p_source.column_numbers ->> c.key)::smallint
        and not a.attisdropped
    where c.value <> all (v_have);
    -- The remedy has all of them, whichever finding it stands beside.
    v_now.columns := p_source.columns || coalesce(
        (select jsonb_object_agg(m.key, coalesce(m.value, 'COLUMN')) from jsonb_each_text(v_missing) as m), '{}'
    );
    for v_field in select * from jsonb_object_keys(v_missing) loop
        code := case when v_missing ->> v_field is null then 'column-gone' else 'column-renamed' end;
        finding := format('column %I, the %s, ', p_source.columns ->> v_field, v_field)
            || coalesce('was renamed to ' || quote_ident(v_missing ->> v_field), 'is gone');
        remedy := case when v_missing ->> v_field is null
            then format('name the column that replaces it (or leave %s out): ', v_field) else ''
        end || outbound_webhooks.watch_command(v_now);
        return next;
    end loop;

    for v_field, v_is_number in
        select u.field, bool_or(u.is_number)
        from (
            select r ->> 'field', r ->> 'when' = 'grew' from jsonb_array_elements(p_source.rules) as r
            union all
            select r ->> 'below', true from jsonb_array_elements(p_source.rules) as r
            union all
            select a, true from unnest(p_source.amounts) as a
        ) as u (field, is_number)
        where p_source.columns ->> u.field = any (v_have)
        group by u.field
        order by u.field
    loop
        begin
            perform outbound_webhooks.check_comparable(p_source.relation_oid, p_source.columns ->> v_field, v_is_number);
        exception
            when datatype_mismatch or undefined_function then
                code := 'column-unfit';
                finding := sqlerrm || format(', as the %s', v_field);
                remedy := 'alter it back, or name another column: ' || outbound_webhooks.watch_command(
                    jsonb_populate_record(v_now, jsonb_build_object('columns', v_now.columns || jsonb_build_object(v_field, 'COLUMN')))
                );
                return next;
            when insufficient_privilege then
                null; -- the type is in a schema that the owner role may not use: it cannot be tried here
        end;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.diagnose_columns(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.diagnose_columns(outbound_webhooks.event_sources) is
    'What is wrong with the mapped columns of a source.';
