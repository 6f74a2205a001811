-- disable_endpoints: disable those that answered 410, and those that have only failed for settings.disable_after.
-- Called by: judge_endpoints, which holds their flow locked. Locks: the endpoints that it disables; one that somebody
-- else holds locked is passed over. Returns the ids of those it disabled.
create or replace function outbound_webhooks.disable_endpoints(p_results jsonb, p_kept bigint[])
    returns bigint[]
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := statement_timestamp();
    v_ids bigint[];
begin
    with summary as (
        select r.endpoint_id, max(r.disable) as disable, bool_and(r.outcome = 'failed') as failed
        from jsonb_to_recordset(p_results) as r (lease_token bigint, endpoint_id bigint, outcome text, disable text)
        where r.lease_token = any (p_kept)
        group by r.endpoint_id
    ),
    hopeless as (
        select
            s.endpoint_id,
            coalesce(s.disable, format('only failures since %s', to_char(
                f.failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'
            ))) as reason
        from summary as s
        join outbound_webhooks.endpoint_flow as f on f.endpoint_id = s.endpoint_id
        cross join outbound_webhooks.settings as g
        where s.disable is not null
            or (s.failed and f.failing_since <= v_now - g.disable_after)
    ),
    held as materialized (
        -- Only where there is one: this runs with every batch of results. The audit log names who did it.
        select e.id, set_config('outbound_webhooks.actor', 'dispatcher', true)
        from outbound_webhooks.endpoints as e
        where e.id in (select h.endpoint_id from hopeless as h)
            and e.state in ('active', 'paused')
        order by e.id
        for no key update skip locked
    ),
    disabled as (
        update outbound_webhooks.endpoints as e
        set
            state = 'disabled',
            state_reason = hopeless.reason,
            state_changed_at = v_now,
            state_changed_by = session_user
        from held
        join hopeless on hopeless.endpoint_id = held.id
        where e.id = held.id
        returning e.id
    )
    select array_agg(disabled.id) into v_ids from disabled;
    return coalesce(v_ids, '{}');
end
$$;

revoke execute on function outbound_webhooks.disable_endpoints(jsonb, bigint[]) from public;
comment on function outbound_webhooks.disable_endpoints(jsonb, bigint[]) is
    'Disable the endpoints that a batch of results finds gone, or hopeless; returns their ids.';
