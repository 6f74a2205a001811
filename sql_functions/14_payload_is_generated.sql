-- payload_is_generated: is a source's payload function still as watch() wrote it, or not there at all?
-- Called by: capture_ddl, watch, doctor. Locks: nothing. One whose body differs is the DBA's own, and is kept.
create or replace function outbound_webhooks.payload_is_generated(p_source_name text)
    returns boolean
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select not exists (
        select
        from pg_proc as p, outbound_webhooks.event_sources as s
        where p.oid = to_regprocedure(format('outbound_webhooks.%I(anyelement, json)', 'payload_' || p_source_name))
            and s.name = p_source_name
            and s.payload_hash is distinct from md5(p.prosrc)
    )
$$;

revoke execute on function outbound_webhooks.payload_is_generated(text) from public;
comment on function outbound_webhooks.payload_is_generated(text) is
    'Whether a payload function is as generated, and may be replaced.';
