-- reconcile_rows: the next rows of a watched table: which events of them are missing; or make those.
-- Called by: DBAs, `outbound-webhooks reconcile`, page by page in transactions of their own; reconcile.
-- Locks: ACCESS SHARE on the table, as a reader; nothing that a payment waits for. With p_recapture, see begin_recapture.
create or replace function outbound_webhooks.reconcile_rows(
    p_source text,
    p_since timestamptz default null,
    p_until timestamptz default null,
    p_after text default null,
    p_limit integer default 1000,
    p_margin interval default '10 seconds',
    p_recapture boolean default false
)
    returns table (
        kind text, code text, words text, clinic_id text, resource_id text, event_type text, event_id uuid, endpoint_id bigint,
        since timestamptz, until timestamptz, number bigint, event_ids uuid[], problem text
    )
    language plpgsql
    volatile
    security definer -- reads the rows as a capture would
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = 'postgres'
    set extra_float_digits = 1
    set bytea_output = 'hex'
    set lc_monetary = 'C'
as $$
declare
    v_source constant outbound_webhooks.event_sources := outbound_webhooks.source_named(p_source);
    v_now timestamptz;
    v_found record;
begin
    perform outbound_webhooks.check_span(p_since, p_until, p_margin);
    perform outbound_webhooks.check_reconciled(v_source);
    if p_recapture then
        perform outbound_webhooks.begin_recapture();
    end if;
    v_now := clock_timestamp();
    for v_found in
        select j.*
        from outbound_webhooks.rows_judged(
            v_source, coalesce(p_since, '-infinity'), coalesce(p_until, 'infinity'), p_after, p_limit, p_margin, v_now
        ) as j
        order by j.kind = 'looked', j.kind = 'unknown', j.place,
            j.code <> 'row_without_event', j.since, j.rule -- in which they are made
    loop
        event_ids := null;
        problem := null;
        if p_recapture and v_found.kind = 'gap' then
            select r.event_ids, r.problem into event_ids, problem
            from outbound_webhooks.recapture_gap(
                v_source, v_found.code, v_found.resource_id, v_found.event_type, v_found.field, v_found.old_value,
                v_found.new_value, v_found.scale,
                case when v_found.code = 'change_between_events'
                    then greatest(v_found.since, v_found.until - interval '1 microsecond')
                    else clock_timestamp()
                end
            ) as r;
        end if;
        kind := v_found.kind;
        code := v_found.code;
        words := coalesce(v_found.words, case v_found.code
            when 'row_without_event' then 'no event tells that the row was inserted'
            when 'in_ledger' then 'the change stands in the ledger: recapture() makes its event'
            when 'change_between_events' then format('%s became %s, and no event tells it', v_found.old_value, v_found.new_value)
            when 'change_without_event'
                then format('the last event says %s, the row %s', v_found.old_value, v_found.new_value)
        end);
        clinic_id := v_found.clinic_id;
        resource_id := v_found.resource_id;
        event_type := v_found.event_type;
        since := v_found.since;
        until := v_found.until;
        number := case when v_found.kind in ('looked', 'unknown') then v_found.place else 1 end;
        return next;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.reconcile_rows(
    text, timestamptz, timestamptz, text, integer, interval, boolean
) from public;
grant execute on function outbound_webhooks.reconcile_rows(
    text, timestamptz, timestamptz, text, integer, interval, boolean
) to outbound_webhooks_admin;
comment on function outbound_webhooks.reconcile_rows(
    text, timestamptz, timestamptz, text, integer, interval, boolean
) is
    E'The first half of reconcile(), a page at a time: rows of a watched table whose events are missing. The last row that '
    'is returned, of kind looked, has the number of rows that were looked at, and in resource_id the key behind which the '
    'next page begins.\n'
    'p_source: the event source.\n'
    'p_since: what was written from this time on, or may have been.\n'
    'p_until: what was written before this time, or may have been.\n'
    'p_after: rows behind this key; the first ones if left out.\n'
    'p_limit: how many rows are looked at.\n'
    'p_margin: see reconcile().\n'
    'p_recapture: true: make the missing events; event_ids has them, or problem says what is in the way.';
