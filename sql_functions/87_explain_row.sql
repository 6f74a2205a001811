-- explain_row: what became of a row of a watched table: the changes of it that stand in the ledger, the events that it
-- made, and of each event the answer of explain() for each endpoint of the clinic; what keeps it from being captured now;
-- and if there is neither change nor event, why not, as far as the present state tells.
-- Called by: DBAs, the admin API, `outbound-webhooks explain --source S --key K`. Locks: nothing.
create or replace function outbound_webhooks.explain_row(p_source text, p_key text)
    returns table (
        event_id uuid,
        endpoint_id bigint,
        code text,
        words text,
        since timestamptz,
        until timestamptz,
        delivery_id bigint
    )
    language plpgsql
    stable
    security definer -- reads the row as a capture would
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = 'postgres'
    set extra_float_digits = 1
    set bytea_output = 'hex'
    set lc_monetary = 'C'
as $$
#variable_conflict use_column
declare
    v_source constant outbound_webhooks.event_sources := outbound_webhooks.source_named(p_source);
    v_row record;
    v_clinic_ids text[];
    v_is_silent boolean;
begin
    select r.* into v_row from outbound_webhooks.row_now(v_source, p_key) as r;
    v_clinic_ids := array(
        select v_row.clinic_id
        union
        select c.clinic_id from outbound_webhooks.capture_errors as c where c.source = p_source and c.resource_id = v_row.id
        union -- whose it was is not known: any clinic's that has, or had, an endpoint
        select e.clinic_id from outbound_webhooks.endpoints as e where v_row.problem is not null
    );

    return query
    select null::uuid, null::bigint, v.code, v.words, c.occurred_at, c.recaptured_at, null::bigint
    from outbound_webhooks.capture_errors as c
    cross join lateral (values
        (1, 'in_ledger', c.recaptured_at is null,
            format('%s is in the ledger, as change %s: %s (%s)', c.operation, c.id, c.message, c.error_code)),
        (2, 'recaptured', c.recaptured_at is not null,
            format('%s was in the ledger, as change %s, and was recaptured into %s events', c.operation, c.id,
                cardinality(c.recaptured_as)))
    ) as v (n, code, holds, words)
    where c.source = p_source
        and c.resource_id = v_row.id
        and v.holds
    order by v.n, c.id;
    v_is_silent := not found;

    return query
    select v.id, a.endpoint_id, a.code, a.words, a.since, a.until, a.delivery_id
    from outbound_webhooks.events as v
    cross join lateral (
        select null::bigint as endpoint_id, c.*
        from (values
            (0, 'captured', format('it became %s of clinic %s', v.type, v.clinic_id), v.occurred_at, null::timestamptz,
                null::bigint)
        ) as c (n, code, words, since, until, delivery_id)
        union all
        select e.id, x.n, x.code, x.words, x.since, x.until, x.delivery_id
        from outbound_webhooks.endpoints as e
        cross join lateral outbound_webhooks.explain(v.id, e.id)
            with ordinality as x (code, words, since, until, delivery_id, n)
        where e.clinic_id = v.clinic_id
            and x.n = 1
    ) as a
    where v.clinic_id = any (v_clinic_ids)
        and v.resource = v_source.resource
        and v.resource_id = v_row.id
    order by v.id, a.endpoint_id nulls first;

    return query
    select null::uuid, null::bigint, l.code, l.words, l.since, l.until, null::bigint
    from outbound_webhooks.explain_capture(
        v_source, v_row.clinic_id, v_row.created_at, v_row.problem, v_is_silent and not found and v_row.problem is null
    ) as l;
end
$$;

revoke execute on function outbound_webhooks.explain_row(text, text) from public;
grant execute on function outbound_webhooks.explain_row(text, text) to outbound_webhooks_admin;
comment on function outbound_webhooks.explain_row(text, text) is
    'What became of a row of a watched table, by its key: ledger, events, endpoints; or why there is nothing.';
