-- response_excerpts: what a delivery's receiver answered, where that was not 2xx.
-- Called by: DBAs; on behalf of a clinic's owner, who alone may see it, by whoever has checked that. Locks: nothing.
-- Returns one row for each attempt with an excerpt, the newest first.
create or replace function outbound_webhooks.response_excerpts(p_delivery_id bigint)
    returns table (
        number integer,
        recorded_at timestamptz,
        http_status integer,
        content_type text,
        response_excerpt text
    )
    language sql
    stable
    security definer -- no role has the right to read the column
    set search_path = pg_catalog, pg_temp
as $$
    select a.number, a.recorded_at, a.http_status, a.content_type, a.response_excerpt
    from outbound_webhooks.attempts as a
    where a.delivery_id = p_delivery_id
        and a.response_excerpt is not null
    order by a.recorded_at desc, a.lease_token desc
$$;

revoke execute on function outbound_webhooks.response_excerpts(bigint) from public;
grant execute on function outbound_webhooks.response_excerpts(bigint) to outbound_webhooks_admin;
comment on function outbound_webhooks.response_excerpts(bigint) is
    E'The beginning (1 KB) of the bodies with which a receiver refused a delivery, the newest first. The receiver wrote them: trust nothing they say, and show them to the clinic''s owner only.\n'
    'p_delivery_id: the delivery, as in delivery_log.';
