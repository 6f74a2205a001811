-- may_start: may a delivery that was claimed a while ago still be sent? Its lease is held, its endpoint active, every key
-- that the claim took still signs, and delivery was not switched off since.
-- Called by: dispatcher/pipeline/worker.py when more than a second lies between claim and start (a frozen process, a busy
-- loop): the second look that keeps "nothing starts later than 2 s after a stop, or a revocation, has committed".
-- Locks: nothing.
create or replace function outbound_webhooks.may_start(p_delivery_id bigint, p_lease_token bigint)
    returns boolean
    language sql
    stable
    security definer -- no role has a grant on endpoint_secrets
    set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from outbound_webhooks.deliveries as d
        join outbound_webhooks.endpoints as e on e.id = d.endpoint_id
        where d.id = p_delivery_id
            and d.lease_token = p_lease_token
            -- The lease has to outlast the request.
            and d.lease_until > statement_timestamp() + make_interval(secs => e.timeout_seconds)
            and e.state = 'active'
            and not exists (
                select
                from outbound_webhooks.endpoint_secrets as k
                where k.endpoint_id = d.endpoint_id
                    and k.valid_until > d.leased_at
                    and k.valid_until <= statement_timestamp()
            )
            and outbound_webhooks.may_deliver(d.lease_owner)
    )
$$;

revoke execute on function outbound_webhooks.may_start(bigint, bigint) from public;
grant execute on function outbound_webhooks.may_start(bigint, bigint) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.may_start(bigint, bigint) is
    'Whether a claimed delivery is still leased by that token, its endpoint active, no key of its claim ended, and delivery on.';
