-- skipped_count: how many deliveries a replay left as they are, for whatever reason.
-- Called by: advance_replay; `outbound-webhooks replays`. Locks: nothing.
create or replace function outbound_webhooks.skipped_count(p_replay outbound_webhooks.replays)
    returns bigint
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(sum(s.value::bigint), 0)::bigint from jsonb_each_text(p_replay.skipped) as s
$$;

revoke execute on function outbound_webhooks.skipped_count(outbound_webhooks.replays) from public;
grant execute on function outbound_webhooks.skipped_count(outbound_webhooks.replays)
    to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.skipped_count(outbound_webhooks.replays) is
    'How many deliveries a replay left as they are.';
