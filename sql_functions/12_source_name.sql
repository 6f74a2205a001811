-- source_name: what an event source is called: as before, as asked for, or like its table; refuses, with the reason, a
-- name or a resource that it cannot have.
-- Called by: describe_source. Locks: nothing.
create or replace function outbound_webhooks.source_name(
    p_source outbound_webhooks.event_sources, p_name text, p_resource text
)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_relation constant regclass := p_source.relation_oid::regclass;
    v_known constant text := outbound_webhooks.source_of(v_relation);
    v_name constant text := coalesce(
        v_known, p_name,
        left(trim(both '_' from regexp_replace(lower(p_source.relation_name), '[^a-z0-9]+', '_', 'g')), 40)
    );
    v_renamed text;
begin
    select s.name into v_renamed
    from outbound_webhooks.event_sources as s
    where s.relation_schema = p_source.relation_schema
        and s.relation_name = p_source.relation_name
        and s.name is distinct from v_known;
    if found then
        raise exception '% has the name that the table of the event source % had when it was watched', v_relation, v_renamed
            using errcode = 'duplicate_object', hint = 'That table was renamed: call watch() again for it, or unwatch().';
    end if;
    if v_name !~ '^[a-z_][a-z0-9_]{0,39}$'
        or (v_known is null and exists (select from outbound_webhooks.event_sources as s where s.name = v_name))
    then
        raise exception 'the event source of % cannot be named %: taken, or not a lower-case identifier',
            v_relation, quote_literal(v_name)
            using errcode = 'invalid_parameter_value', hint = 'Give another name: p_name => ''...'', or --name.';
    end if;
    if p_resource !~ '^[a-zA-Z0-9_]{1,64}$'
        or exists (select from outbound_webhooks.event_sources as s where s.resource = p_resource and s.name <> v_name)
    then
        raise exception 'the resource of % cannot be %: that of another source, or not a word of letters, digits and _',
            v_relation, quote_literal(p_resource)
            using errcode = 'invalid_parameter_value', hint = 'Give another resource: p_resource => ''...'', or --resource.';
    end if;
    return v_name;
end
$$;

revoke execute on function outbound_webhooks.source_name(outbound_webhooks.event_sources, text, text) from public;
comment on function outbound_webhooks.source_name(outbound_webhooks.event_sources, text, text) is
    'The name of an event source, if it and its resource can be.';
