-- inactive_endpoints: of these, which may not be sent to at this moment?
-- Called by: dispatcher/pipeline/worker.py, once a second for the endpoints it has claimed work of: the second look that
-- keeps the promise of "nothing starts later than 2 s after a disable has committed". Locks: nothing.
create or replace function outbound_webhooks.inactive_endpoints(p_endpoint_ids bigint[])
    returns setof bigint
    language sql
    stable
    security invoker
    set search_path = ''
as $$
    select e.id
    from outbound_webhooks.endpoints as e
    where e.id = any (p_endpoint_ids)
        and e.state <> 'active'
$$;

revoke execute on function outbound_webhooks.inactive_endpoints(bigint[]) from public;
grant execute on function outbound_webhooks.inactive_endpoints(bigint[]) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.inactive_endpoints(bigint[]) is 'Which of the given endpoints are not active.';
