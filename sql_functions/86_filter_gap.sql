-- filter_gap: which parts of an endpoint's filter the data of an event's body do not contain, in words; null if they
-- contain all.
-- Called by: explain_missing. Locks: nothing. The parts are the filter's keys: each has to be contained by itself.
create or replace function outbound_webhooks.filter_gap(p_body text, p_filter jsonb)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_data json;
begin
    v_data := p_body::json -> 'data';
    if outbound_webhooks.matches_filter(v_data, p_filter) then
        return null;
    end if;
    return (
        select string_agg(
            case
                when v_data::jsonb ? f.key
                    then format('%s is %s, not %s', f.key, left((v_data::jsonb -> f.key)::text, 100), left(f.value::text, 100))
                else format('%s is not there', f.key)
            end,
            '; ' order by f.key
        )
        from jsonb_each(p_filter) as f
        where not v_data::jsonb @> jsonb_build_object(f.key, f.value)
    );
exception when untranslatable_character then
    return 'the data hold \u0000, and no filter can look into them';
end
$$;

revoke execute on function outbound_webhooks.filter_gap(text, jsonb) from public;
comment on function outbound_webhooks.filter_gap(text, jsonb) is 'What a filter asks for and an event does not have.';
