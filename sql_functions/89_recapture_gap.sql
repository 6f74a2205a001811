-- recapture_gap: a missing event becomes a change in the ledger, and is recaptured at once: by the rules and the payload
-- function of now, and of this one type only. What keeps it from that is returned, and the change stays in the ledger.
-- Called by: reconcile_rows, under the lock of begin_recapture. Locks: nothing of the host's.
-- The row is as it is now, but for the field of the rule, which is as it was between two events. What is about the row of
-- now is told as of now: it comes behind all that was told of it.
create or replace function outbound_webhooks.recapture_gap(
    p_source outbound_webhooks.event_sources,
    p_code text,
    p_key text,
    p_type text,
    p_field text,
    p_old jsonb,
    p_new jsonb,
    p_units jsonb,
    p_at timestamptz,
    out event_ids uuid[],
    out problem text
)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_row jsonb;
    v_values jsonb;
    v_id bigint;
begin
    execute outbound_webhooks.row_statement(p_source, 'to_jsonb(t.*)') into v_row using array[p_key];
    if v_row is null then
        problem := 'the row was deleted meanwhile';
        return;
    end if;
    v_values := outbound_webhooks.mapped_values(
        jsonb_build_object('relation', p_source.relation_oid::text, 'columns', p_source.columns, 'numbers', p_source.column_numbers),
        outbound_webhooks.relation_of(p_source), v_row
    );
    if p_field is not null then
        v_values := v_values || jsonb_build_object(p_field, outbound_webhooks.untold(p_new, p_units -> p_field));
    end if;
    insert into outbound_webhooks.capture_errors (
        source, operation, clinic_id, resource_id, event_types, old_values, new_values, error_code, message, occurred_at
    )
    values (
        p_source.name, case when p_field is null then 'INSERT' else 'UPDATE' end, v_values ->> 'clinic_id', p_key, array[p_type],
        case when p_field is not null
            then v_values || jsonb_build_object(p_field, outbound_webhooks.untold(p_old, p_units -> p_field))
        end,
        v_values, '02000', 'reconcile found no event of it: ' || p_code, p_at
    )
    returning id into v_id;
    select r.event_ids, r.problem into event_ids, problem
    from outbound_webhooks.recapture_open(v_id, null, null, 0, 1, null, null) as r;
end
$$;

revoke execute on function outbound_webhooks.recapture_gap(
    outbound_webhooks.event_sources, text, text, text, text, jsonb, jsonb, jsonb, timestamptz
) from public;
comment on function outbound_webhooks.recapture_gap(
    outbound_webhooks.event_sources, text, text, text, text, jsonb, jsonb, jsonb, timestamptz
) is
    'Make a missing event, by way of the ledger.';
