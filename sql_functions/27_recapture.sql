-- recapture: turn changes in the ledger into the events that were due; one, all, those of a source, a clinic or a time.
-- Called by: DBAs, `outbound-webhooks recapture`, the admin API. A line of the audit log says what was chosen, and what
-- came of it. Locks: see recapture_open, which does it. Returns a row for each change.
create or replace function outbound_webhooks.recapture(
    p_id bigint default null,
    p_since timestamptz default null,
    p_until timestamptz default null,
    p_after bigint default 0,
    p_limit integer default 1000,
    p_source text default null,
    p_clinic_id text default null
)
    returns table (id bigint, event_ids uuid[], problem text)
    language plpgsql
    volatile
    security definer -- the admin role writes the ledger only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_changes bigint := 0;
    v_left bigint := 0;
    v_events bigint := 0;
begin
    for id, event_ids, problem in
        select r.id, r.event_ids, r.problem
        from outbound_webhooks.recapture_open(p_id, p_since, p_until, p_after, p_limit, p_source, p_clinic_id) as r
    loop
        v_changes := v_changes + 1;
        v_left := v_left + (problem is not null)::integer;
        v_events := v_events + coalesce(cardinality(event_ids), 0);
        return next;
    end loop;
    if v_changes > 0 then
        perform outbound_webhooks.record_audit(
            'capture_error.recaptured', p_clinic_id, coalesce('capture error ' || p_id, 'capture errors'),
            jsonb_strip_nulls(jsonb_build_object(
                'source', p_source, 'since', p_since, 'until', p_until,
                'changes', v_changes, 'events', v_events, 'left', nullif(v_left, 0)
            ))
        );
    end if;
end
$$;

revoke execute on function outbound_webhooks.recapture(bigint, timestamptz, timestamptz, bigint, integer, text, text)
    from public;
grant execute on function outbound_webhooks.recapture(bigint, timestamptz, timestamptz, bigint, integer, text, text)
    to outbound_webhooks_admin;
comment on function outbound_webhooks.recapture(bigint, timestamptz, timestamptz, bigint, integer, text, text) is
    E'Turn changes in the ledger (capture_errors) into the events that were due, oldest first: recapture() for all of '
    'them, recapture(4711) for one. Returns a row for each: the ids of its events (none if its clinic has no endpoint), '
    'or the problem that keeps it in the ledger. A change is recaptured once, whoever else is at it.\n'
    'p_id: one change, by its id in capture_errors.\n'
    'p_since: those from this time on.\n'
    'p_until: those before this time.\n'
    'p_after: those with a greater id; for going on after a call that ended at p_limit.\n'
    'p_limit: how many, at most.\n'
    'p_source: those of this event source.\n'
    'p_clinic_id: those of this clinic.';
