-- reconcile: what is missing between a watched table, its events and their deliveries, as far as the present state can
-- tell. docs/reconcile.md says what it can, and has the codes. Changes nothing.
-- Called by: DBAs. Locks: ACCESS SHARE on the table, as a reader. One call, and so one transaction, for all of it: for a
-- large table `outbound-webhooks reconcile` goes page by page in transactions of their own.
-- Rows are returned page by page; what cannot be known at the end, a row for each code, with its number.
create or replace function outbound_webhooks.reconcile(
    p_source text,
    p_since timestamptz default null,
    p_until timestamptz default null,
    p_margin interval default '10 seconds'
)
    returns table (
        kind text, code text, words text, clinic_id text, resource_id text, event_type text, event_id uuid, endpoint_id bigint,
        since timestamptz, until timestamptz, number bigint
    )
    language plpgsql
    volatile
    security invoker -- its two halves read what the caller need not
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_limit constant integer := 1000;
    v_key text;
    v_event_id uuid;
    v_unknown jsonb := '{}';
    v_seen bigint;
    v_row record;
begin
    for v_part in 1..2 loop
        loop
            v_seen := 0;
            for v_row in
                select r.* from outbound_webhooks.reconcile_rows(p_source, p_since, p_until, v_key, v_limit, p_margin) as r
                where v_part = 1
                union all
                select e.* from outbound_webhooks.reconcile_events(p_source, p_since, p_until, v_event_id, v_limit, p_margin) as e
                where v_part = 2
            loop
                if v_row.kind = 'looked' then
                    v_seen := v_row.number;
                    v_key := v_row.resource_id;
                    v_event_id := v_row.event_id;
                elsif v_row.kind = 'unknown' then
                    v_unknown := v_unknown || jsonb_build_object(v_row.code, jsonb_build_array(
                        v_row.words, v_row.number + coalesce((v_unknown #>> array[v_row.code, '1'])::bigint, 0)
                    ));
                else
                    return query select
                        v_row.kind, v_row.code, v_row.words, v_row.clinic_id, v_row.resource_id, v_row.event_type,
                        v_row.event_id, v_row.endpoint_id, v_row.since, v_row.until, v_row.number;
                end if;
            end loop;
            exit when v_seen < v_limit;
        end loop;
    end loop;
    return query
    select
        'unknown', u.key, u.value ->> 0, null::text, null::text, null::text, null::uuid, null::bigint, null::timestamptz,
        null::timestamptz, (u.value ->> 1)::bigint
    from jsonb_each(v_unknown) as u
    order by u.key;
end
$$;

revoke execute on function outbound_webhooks.reconcile(text, timestamptz, timestamptz, interval) from public;
grant execute on function outbound_webhooks.reconcile(text, timestamptz, timestamptz, interval) to outbound_webhooks_admin;
comment on function outbound_webhooks.reconcile(text, timestamptz, timestamptz, interval) is
    E'What is missing between a watched table, its events and their deliveries, as far as its present state can tell. '
    'kind: gap, an event or a delivery that was due is missing; ledger, the change stands in capture_errors; off, capture '
    'was switched off then; surplus, a delivery too many; unknown, how often nobody can tell. Changes nothing. For a large '
    'table use the command, which goes page by page.\n'
    'p_source: the event source.\n'
    'p_since: what was written from this time on, or may have been; all that is known if left out.\n'
    'p_until: what was written before this time, or may have been; until now if left out.\n'
    'p_margin: how long a transaction that writes the table takes, at most: what was switched, created or changed within '
    'so long of a write is not held against it.';
