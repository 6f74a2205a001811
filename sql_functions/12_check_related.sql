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
    v_tables jsonb := jsonb_build_object('payment', p_relation::oid);
    v_from regclass;
    v_by text[];
    v_checked jsonb := '[]';
    v_field text;
begin
    for v_entry in select outbound_webhooks.related_entry(e) from jsonb_array_elements(p_related) as e loop
        if v_tables ? (v_entry ->> 'name') or p_columns ? (v_entry ->> 'name') or v_entry ->> 'name' = 'previous' then
            raise exception 'the name % is taken in the payload', v_entry ->> 'name' using errcode = 'duplicate_alias';
        end if;
        v_table := outbound_webhooks.related_table(p_relation, v_entry ->> 'table');
        perform outbound_webhooks.check_columns(
            v_table, v_entry -> 'columns' || jsonb_build_object('key', v_entry -> 'key'), false
        );
        for v_field in select * from jsonb_array_elements_text(v_entry -> 'amounts') loop
            if not v_entry -> 'columns' ? coalesce(v_field, '') then
                raise exception 'the amount % is no field of the related row %', quote_nullable(v_field), v_entry ->> 'name'
                    using errcode = 'undefined_column', hint = 'Name it in "columns", too.';
            end if;
            perform outbound_webhooks.check_comparable(v_table, v_entry -> 'columns' ->> v_field, true);
        end loop;

        v_by := outbound_webhooks.related_by(v_entry ->> 'by', array(select jsonb_object_keys(v_tables)));
        if strpos(v_by[2], '.') > 0 and v_by[2] <> all (outbound_webhooks.column_names(p_relation)) then
            raise exception '% is found by %, but no related row is named % before it', v_entry ->> 'name',
                v_by[2], split_part(v_by[2], '.', 1)
                using errcode = 'invalid_parameter_value';
        end if;
        v_from := (v_tables ->> v_by[1])::oid::regclass;
        perform outbound_webhooks.check_columns(v_from, jsonb_build_object('by', v_by[2]), v_from = p_relation);
        perform outbound_webhooks.check_key(v_table, v_entry ->> 'key', v_from, v_by[2]);

        v_tables := v_tables || jsonb_build_object(v_entry ->> 'name', v_table::oid);
        -- As text it is qualified, since the search_path here holds no schema of the host.
        v_checked := v_checked || jsonb_build_array(v_entry || jsonb_build_object('table', v_table::text));
    end loop;
    return v_checked;
end
$$;

revoke execute on function outbound_webhooks.check_related(regclass, jsonb, jsonb) from public;
comment on function outbound_webhooks.check_related(regclass, jsonb, jsonb) is
    'Validate and complete the related rows of a payload.';
