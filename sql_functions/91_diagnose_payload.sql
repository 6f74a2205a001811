-- diagnose_payload: is the payload function of a source there, whose is it, and is it safe?
-- Called by: diagnose_source. Locks: nothing (reads the catalog).
-- p_sound: nothing is wrong with what the function reads, so that it can be compared with what watch() would generate.
create or replace function outbound_webhooks.diagnose_payload(p_source outbound_webhooks.event_sources, p_sound boolean)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_function constant regprocedure := to_regprocedure(
        format('outbound_webhooks.%I(anyelement, json)', 'payload_' || p_source.name)
    );
    v_watch constant text := outbound_webhooks.watch_command(p_source);
    v_proc pg_proc;
begin
    subject := 'source ' || p_source.name;
    if v_function is null then
        return query select
            'problem', 'payload-missing', subject, format('its payload function payload_%s(anyelement, json) is missing', p_source.name), v_watch;
        return;
    end if;
    select p.* into v_proc from pg_proc as p where p.oid = v_function;
    if not outbound_webhooks.payload_is_generated(p_source.name) then
        return query select
            'note', 'payload-own', subject, format('its payload function payload_%s is your own; watch() and upgrades keep it', p_source.name),
            format('nothing to do; to have it generated again: drop function %s, then %s', v_function, v_watch);
    elsif p_sound and not starts_with(
        reverse(outbound_webhooks.payload_definition(p_source)), reverse(quote_literal(v_proc.prosrc))
    ) then
        return query select
            'problem', 'payload-outdated', subject,
            format('its payload function payload_%s is not as watch() generates it for the columns'' types of today', p_source.name),
            v_watch;
    end if;
    if not has_function_privilege('outbound_webhooks_owner', v_function, 'execute') then
        return query select
            'problem', 'payload-not-executable', subject, format('outbound_webhooks_owner may not execute payload_%s', p_source.name),
            format('alter function %s owner to outbound_webhooks_owner', v_function);
    end if;
    -- A path that does not name pg_temp searches it first: a writer's temporary objects would stand in for others.
    if exists (select from unnest(v_proc.proconfig) as c where c like 'search_path=%' and c !~ '[=, ]"?pg_temp"?$') then
        return query select
            'problem', 'payload-search-path', subject,
            format('payload_%s has a search_path that does not end with pg_temp: a writer''s temporary objects come first', p_source.name),
            format('alter function %s set search_path = pg_catalog, pg_temp', v_function);
    end if;
end
$$;

revoke execute on function outbound_webhooks.diagnose_payload(outbound_webhooks.event_sources, boolean) from public;
comment on function outbound_webhooks.diagnose_payload(outbound_webhooks.event_sources, boolean) is
    'What is wrong with the payload function of a source.';
