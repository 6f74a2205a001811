-- check_related: refuse, with the reason, related rows that cannot be found; returns them with every part named.
-- Called by: describe_source. Locks: nothing (reads the catalog).
-- p_related: [{"name": "offer", "table": "offers", "by": "checkout.offer_id", "columns": {"id": "id", "price": "price"},
-- "key": "id", "amounts": ["price"]}]. "by" is a column of the watched table, or of a row named earlier; "key" is the
-- related table's unique column (id unless given); amounts are in the currency of the row's own field currency, or of
-- the watched row's.
create or replace function outbound_webhooks.check_related(p_relation regclass, p_columns jsonb, p_related jsonb)
    returns jsonb
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_entry jsonb;
    v_table regclass;
    v_tables jsonb := '{}';
    v_from oid;
    v_by text[];
    v_checked jsonb := '[]';
    v_field text;
begin
    for v_entry in select * from jsonb_array_elements(p_related) loop
        if exists (
                select from jsonb_object_keys(v_entry) as k
                where k <> all ('{name, table, by, key, columns, amounts}'::text[])
            )
            or not v_entry ?& '{name, table, by, columns}'::text[]
            or v_entry ->> 'name' !~ '^[a-z_][a-z0-9_]{0,62}$'
        then
            raise exception 'related row % is not understood', v_entry
                using errcode = 'invalid_parameter_value',
                    hint = 'It has "name" (lower-case), "table", "by", "columns", and perhaps "key" and "amounts".';
        end if;
        if v_tables ? (v_entry ->> 'name')
            or p_columns ? (v_entry ->> 'name')
            or v_entry ->> 'name' in ('payment', 'previous')
        then
            raise exception 'the name % is taken in the payload', v_entry ->> 'name' using errcode = 'duplicate_alias';
        end if;
        -- An unqualified name is one of the watched table's schema.
        v_table := coalesce(
            to_regclass(v_entry ->> 'table'),
            to_regclass((
                select format('%s.%s', c.relnamespace::regnamespace, v_entry ->> 'table')
                from pg_class as c where c.oid = p_relation
            ))
        );
        if v_table is null then
            raise exception 'there is no table %', v_entry ->> 'table' using errcode = 'undefined_table';
        end if;
        v_entry := jsonb_build_object('key', 'id', 'amounts', '[]'::jsonb) || v_entry;
        perform outbound_webhooks.check_columns(v_table, v_entry -> 'columns' || jsonb_build_object('key', v_entry -> 'key'));
        for v_field in select * from jsonb_array_elements_text(v_entry -> 'amounts') loop
            perform outbound_webhooks.check_comparable(v_table, v_entry -> 'columns' ->> v_field, true);
        end loop;

        v_by := regexp_match(v_entry ->> 'by', '^(?:([a-z_][a-z0-9_]*)\.)?(.+)$');
        v_from := case when v_by[1] is null then p_relation else (v_tables ->> v_by[1])::oid end;
        if v_from is null then
            raise exception '% is found by %, but no related row is named % before it', v_entry ->> 'name',
                v_entry ->> 'by', v_by[1]
                using errcode = 'invalid_parameter_value';
        end if;
        perform outbound_webhooks.check_columns(v_from, jsonb_build_object('by', v_by[2]));

        v_tables := v_tables || jsonb_build_object(v_entry ->> 'name', v_table::oid::text);
        -- As text it is qualified, since the search_path here holds no schema of the host.
        v_checked := v_checked || jsonb_build_array(v_entry || jsonb_build_object('table', v_table::text));
    end loop;
    return v_checked;
end
$$;

revoke execute on function outbound_webhooks.check_related(regclass, jsonb, jsonb) from public;
comment on function outbound_webhooks.check_related(regclass, jsonb, jsonb) is
    'Validate and complete the related rows of a payload.';
