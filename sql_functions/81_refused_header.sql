-- refused_header: why a header of this name cannot be set, whatever it holds; no row, if it can.
-- Called by: check_header. Locks: nothing. Reserved is what we set, forbidden what nobody may set.
-- A name that ends with a dash is how names begin. An underscore is read as a dash, as receivers behind CGI or WSGI read
-- it: there, webhook_id is webhook-id.
create or replace function outbound_webhooks.refused_header(p_name text)
    returns table (code text, reason text)
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select r.code, r.reason
    from (values
        ('header_reserved', 'every request has one of its own',
            '{accept,accept-encoding,host,user-agent,webhook-}'::text[]),
        ('header_reserved', 'it describes the body, which is not yours', '{content-type,content-length}'),
        ('header_reserved', 'it is of the trace in which the event was written', '{traceparent,tracestate}'),
        ('header_forbidden', 'it describes the body, which is not yours', '{content-}'),
        ('header_forbidden', 'it is about the connection, which is not yours',
            '{connection,expect,http2-settings,keep-alive,proxy-,te,trailer,transfer-encoding,upgrade}'),
        ('header_forbidden', 'a request is of no session: use authorization',
            '{cookie,cookie2,set-cookie,set-cookie2}'),
        -- CGI turns proxy into HTTP_PROXY.
        ('header_forbidden', 'it says where a request came from, or is meant to go',
            '{forwarded,proxy,via,x-forwarded-,x-http-method,x-http-method-override,x-method-override,x-original-,'
            'x-real-ip,x-rewrite-url}'),
        ('header_forbidden', 'metadata services of clouds obey it',
            '{metadata,metadata-flavor,x-aws-ec2-metadata-,x-google-metadata-request}'),
        ('header_forbidden', 'it makes the answer depend on something else than the event', '{if-,range}'),
        ('header_forbidden', 'it would be the same in every attempt: there is webhook-timestamp', '{date}')
    ) as r (code, reason, names)
    cross join unnest(r.names) as n (name)
    cross join (values (translate(lower(p_name collate "C"), '_', '-'))) as asked (name)
    where asked.name = n.name
        or (right(n.name, 1) = '-' and starts_with(asked.name, n.name))
    order by asked.name = n.name desc
    limit 1
$$;

revoke execute on function outbound_webhooks.refused_header(text) from public;
comment on function outbound_webhooks.refused_header(text) is 'Why a header of this name cannot be set; no row, if it can.';
