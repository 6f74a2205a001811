-- check_size: refuse a payload with more fields than one json_build_object() takes: it has 100 arguments.
-- Called by: describe_source. Locks: nothing.
create or replace function outbound_webhooks.check_size(p_source outbound_webhooks.event_sources)
    returns void
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select
        from (
            select (select count(*) from jsonb_object_keys(p_source.columns)) + jsonb_array_length(p_source.related) + 1
            union all
            select (select count(*) from jsonb_object_keys(r -> 'columns')) from jsonb_array_elements(p_source.related) as r
        ) as objects (fields)
        where objects.fields > 50
    ) then
        raise exception 'a payload has at most 50 fields, with those of related rows and previous; so has a related row'
            using errcode = 'too_many_arguments', hint = 'A payload function of your own can say more.';
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_size(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.check_size(outbound_webhooks.event_sources) is 'Refuse a payload with too many fields.';
