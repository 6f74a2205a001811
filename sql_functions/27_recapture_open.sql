-- recapture_open: turn changes in the ledger into the events that were due; all that is named has to fit.
-- Called by: recapture, recapture_gap. Exactly once: a change that was recaptured is skipped, and one that
-- another session recaptures at this moment, too. One that still cannot be captured stays, and its problem is returned.
-- After the host altered the type of a column, sessions that captured before fail with 42804 (datatype_mismatch) until
-- the functions are written anew: that is done here, too.
-- Locks: the ledger rows it works on. At most p_limit changes in the order they happened, behind p_after.
-- Returns a row for each change: its events (none if its clinic has no endpoint), or the problem.
create or replace function outbound_webhooks.recapture_open(
    p_id bigint,
    p_since timestamptz,
    p_until timestamptz,
    p_after bigint,
    p_limit integer,
    p_source text,
    p_clinic_id text
)
    returns table (id bigint, event_ids uuid[], problem text)
    language plpgsql
    volatile
    security invoker
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
    v_error outbound_webhooks.capture_errors;
    v_statement text;
begin
    for v_statement in
        select outbound_webhooks.function_ddl(s)
        from outbound_webhooks.event_sources as s
        where exists (
            select
            from outbound_webhooks.capture_errors as c
            where c.recaptured_at is null and c.source = s.name and c.error_code = '42804'
        )
    loop
        execute v_statement;
    end loop;
    for v_error in
        select c.*
        from outbound_webhooks.capture_errors as c
        where c.recaptured_at is null
            and c.id > p_after
            and (p_id is null or c.id = p_id)
            and (p_source is null or c.source = p_source)
            and (p_clinic_id is null or c.clinic_id = p_clinic_id)
            and (p_since is null or c.occurred_at >= p_since)
            and (p_until is null or c.occurred_at < p_until)
        order by c.id
        limit p_limit
        for update skip locked
    loop
        id := v_error.id;
        begin
            event_ids := outbound_webhooks.recapture_change(v_error);
            problem := null;
            update outbound_webhooks.capture_errors as c
            set recaptured_at = clock_timestamp(), recaptured_as = event_ids
            where c.id = v_error.id;
        exception when others or assert_failure then
            event_ids := null;
            problem := sqlerrm;
        end;
        return next;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.recapture_open(
    bigint, timestamptz, timestamptz, bigint, integer, text, text
) from public;
comment on function outbound_webhooks.recapture_open(
    bigint, timestamptz, timestamptz, bigint, integer, text, text
) is
    'Turn changes in the ledger into the events that were due.';
