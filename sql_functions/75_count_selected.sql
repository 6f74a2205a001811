-- count_selected: how many deliveries a replay would make due, or make, were it done at this moment.
-- Called by: start_replay. Locks: as the pages that it reads: those that the replay itself reads, so that a dry run says
-- what comes.
create or replace function outbound_webhooks.count_selected(p_replay outbound_webhooks.replays)
    returns bigint
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_page constant integer := 10000;
    v_total bigint := 0;
    v_found record;
begin
    loop
        if p_replay.kind = 'replay' then
            select count(*) as seen, count(*) filter (where p.is_selected) as selected, max(p.id) as last
            into v_found
            from outbound_webhooks.finished_page(p_replay, v_page) as p;
            p_replay.after_delivery_id := v_found.last;
        else
            select
                count(distinct p.event_id) as seen, count(p.endpoint_id) as selected,
                (array_agg(p.event_id order by p.event_id desc))[1] as last
            into v_found
            from outbound_webhooks.owed_page(p_replay, v_page) as p;
            p_replay.after_event_id := v_found.last;
        end if;
        v_total := v_total + v_found.selected;
        exit when v_found.seen < v_page;
    end loop;
    return v_total;
end
$$;

revoke execute on function outbound_webhooks.count_selected(outbound_webhooks.replays) from public;
comment on function outbound_webhooks.count_selected(outbound_webhooks.replays) is
    'How many deliveries a replay or a reevaluation is about.';
