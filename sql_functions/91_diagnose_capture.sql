-- diagnose_capture: is the trigger function of a source as watch() and set_capture() generate it?
-- Called by: diagnose_source. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.diagnose_capture(p_source outbound_webhooks.event_sources)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_on constant boolean := outbound_webhooks.capture_switch(p_source.name);
    v_definition constant text := outbound_webhooks.capture_definition(p_source, v_on);
    v_settings constant text[] := array(
        select lower(s.found[1]) || '=' || trim(both '''' from s.found[2])
        from regexp_matches(split_part(v_definition, E'\nas ', 1), '\n    set (\w+) = ([^\n]+)', 'g') as s (found)
    );
    v_proc pg_proc;
    v_body text;
begin
    severity := 'problem';
    subject := 'source ' || p_source.name;
    remedy := outbound_webhooks.watch_command(p_source);
    select p.* into v_proc
    from pg_proc as p
    where p.oid = to_regprocedure(format('outbound_webhooks.%I()', 'capture_' || p_source.name));
    v_body := reverse(quote_literal(v_proc.prosrc)); -- a definition ends with the body, as a literal
    if v_proc.oid is null then
        code := 'capture-missing';
        finding := format('its trigger function capture_%s() is missing', p_source.name);
        return next;
    elsif not (
            starts_with(reverse(v_definition), v_body)
            or starts_with(reverse(outbound_webhooks.capture_definition(p_source, not v_on)), v_body)
        )
        or not v_proc.prosecdef
        or v_proc.proowner <> 'outbound_webhooks_owner'::regrole
        or exists (
            select s from unnest(v_settings) as s
            except
            select lower(split_part(c, '=', 1)) || '=' || split_part(c, '=', 2) from unnest(v_proc.proconfig) as c
        )
        or cardinality(v_settings) <> cardinality(v_proc.proconfig)
    then
        code := 'capture-altered';
        finding := format('its trigger function capture_%s() is not as watch() generates it today', p_source.name);
        return next;
    elsif not starts_with(reverse(v_definition), v_body) then
        code := 'capture-disagrees';
        -- The switch was thrown by an update of our tables, which no trigger function notices.
        finding := format('capture is %s in the settings, but not in its trigger function', case when v_on then 'on' else 'off' end);
        remedy := 'outbound-webhooks capture ' || (
            select case when g.capture then 'on' else 'off' end from outbound_webhooks.settings as g
        );
        return next;
    end if;
end
$$;

revoke execute on function outbound_webhooks.diagnose_capture(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.diagnose_capture(outbound_webhooks.event_sources) is
    'Whether the trigger function of a source is as generated.';
