-- generate_captures: write the trigger functions of all sources anew, after the files of this folder were loaded.
-- Called by: migrations/post-apply-outbound-webhooks.py. Locks: nothing on the watched tables (create or replace function
-- only). Payload functions are left as they are: they belong to the DBA. Returns how many it wrote.
create or replace function outbound_webhooks.generate_captures()
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_source outbound_webhooks.event_sources;
    v_count integer := 0;
begin
    for v_source in select s.* from outbound_webhooks.event_sources as s order by s.name loop
        execute outbound_webhooks.capture_definition(v_source, outbound_webhooks.capture_switch(v_source.name));
        v_count := v_count + 1;
    end loop;
    return v_count;
end
$$;

revoke execute on function outbound_webhooks.generate_captures() from public;
comment on function outbound_webhooks.generate_captures() is 'Regenerate the trigger functions of all watched tables.';
