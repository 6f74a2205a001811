-- recapture_change: the events that a change in the ledger owes, by the rules and the payload function of today.
-- Called by: recapture_open. Locks: nothing. The row is as it was for the columns that the ledger kept, and as it is now for
-- the others, which a payload function of the DBA may read. Trace, actor and request id are those of the change, not of
-- who recaptures it. Raises what keeps it from being captured.
create or replace function outbound_webhooks.recapture_change(p_error outbound_webhooks.capture_errors)
    returns uuid[]
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_source constant outbound_webhooks.event_sources := outbound_webhooks.source_named(p_error.source);
    v_relation constant text := format('%I.%I', v_source.relation_schema, v_source.relation_name);
    v_now jsonb;
    v_new jsonb;
    v_old jsonb;
    v_rule jsonb;
    v_event_id uuid;
    v_event_ids uuid[] := '{}';
    v_traceparent constant text := current_setting('outbound_webhooks.traceparent', true);
    v_actor constant text := current_setting('outbound_webhooks.actor', true);
    v_request_id constant text := current_setting('outbound_webhooks.request_id', true);
begin
    if p_error.operation = 'UPDATE' and p_error.old_values is null then
        raise exception 'the values before the change could not be kept: emit_row() tells of the row as it is';
    end if;
    execute outbound_webhooks.row_statement(v_source, 'to_jsonb(t.*)') into v_now using array[p_error.resource_id];
    v_new := coalesce(v_now, '{}') || outbound_webhooks.by_column(v_source.columns, p_error.new_values);
    v_old := v_new || outbound_webhooks.by_column(v_source.columns, coalesce(p_error.old_values, '{}'));

    perform outbound_webhooks.write_as(p_error.traceparent, p_error.actor, p_error.request_id);
    for v_rule in
        select r.rule
        from jsonb_array_elements(v_source.rules) with ordinality as r (rule, n)
        where (r.rule ->> 'when' = 'inserted') = (p_error.operation = 'INSERT')
            and (p_error.event_types is null or r.rule ->> 'type' = any (p_error.event_types))
            and exists (
                select from outbound_webhooks.endpoints as e
                where e.clinic_id = v_new ->> (v_source.columns ->> 'clinic_id') and e.state <> 'retired'
            )
        order by r.n
    loop
        execute format(
            'select outbound_webhooks.insert_event(new.%I::text, %L, %L, new.%I::text, outbound_webhooks.%I(new.*, %s), %L, $3)'
            ' from jsonb_populate_record(null::%8$s, $1) as new, jsonb_populate_record(null::%8$s, $2) as old where %9$s',
            v_source.columns ->> 'clinic_id', v_rule ->> 'type', v_source.resource, v_source.columns ->> 'id',
            'payload_' || v_source.name, outbound_webhooks.previous_expression(v_source, v_rule), v_source.name,
            v_relation, outbound_webhooks.rule_condition(v_source.columns, v_rule)
        )
            into v_event_id
            using v_new, v_old, p_error.occurred_at;
        v_event_ids := v_event_ids || array_remove(array[v_event_id], null);
    end loop;
    perform outbound_webhooks.write_as(v_traceparent, v_actor, v_request_id);
    return v_event_ids;
end
$$;

revoke execute on function outbound_webhooks.recapture_change(outbound_webhooks.capture_errors) from public;
comment on function outbound_webhooks.recapture_change(outbound_webhooks.capture_errors) is
    'Make the events that a change in the ledger owes.';
