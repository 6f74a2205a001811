-- check_header: raise, if a header of an endpoint cannot be sent. The rules and the words are those of
-- dispatcher/core/headers.py. A null value is one that is sealed: then only the name is looked at.
-- Called by: guard_header, for each row that is written. Locks: nothing. What it is refused for is the error's constraint
-- name: header_name, header_value, header_forbidden, header_reserved, header_size. No message holds a value; nor what is
-- no name, as that may be the value, in the wrong place.
create or replace function outbound_webhooks.check_header(p_name text, p_value text)
    returns void
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_name constant text := lower(p_name collate "C");
    -- The scheme and the credentials, RFC 9110.
    v_parts constant text[] := regexp_match(p_value, '^([!#$%&''*+.^_`|~0-9A-Za-z-]+) ([!-~](?:[ \t!-~]*[!-~])?)$');
    v_scheme constant text := lower(v_parts[1] collate "C");
    v_code text;
    v_message text;
begin
    select c.code, c.message into v_code, v_message
    from (
        select 3 as n, r.code, true as holds, format('the header %s cannot be set: %s', v_name, r.reason) as message
        from outbound_webhooks.refused_header(p_name) as r
        union all
        values
        (1, 'header_size', octet_length(p_name) > 256, 'the name of a header has at most 256 bytes'),
        (2, 'header_name', p_name !~ '^[!#$%&''*+.^_`|~0-9A-Za-z-]+$',
            'the name of a header has letters, digits and !#$%&''*+-.^_`|~ only'),
        (4, 'header_size', octet_length(p_value) > 4096,
            format('the value of the header %s has at most 4096 bytes', v_name)),
        (5, 'header_value', p_value !~ '^[!-~](?:[ \t!-~]*[!-~])?$',
            format('the value of the header %s is printable ASCII, with spaces and tabs only inside of it', v_name)),
        (6, 'header_value', v_name = 'authorization' and p_value is not null and v_parts is null,
            'the header authorization is a scheme, a space and credentials'),
        (7, 'header_value', v_name = 'authorization' and v_scheme = 'bearer' and v_parts[2] !~ '^[A-Za-z0-9._~+/-]+=*$',
            'a bearer token has letters, digits and -._~+/ only, and = only at its end'),
        (8, 'header_value',
            v_name = 'authorization' and v_scheme = 'basic' and case
                when v_parts[2] ~ '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'
                    then position('\x3a'::bytea in decode(v_parts[2], 'base64')) = 0
                else true
            end,
            'basic credentials are the base64 of a user, a colon and a password')
    ) as c
    where c.holds
    order by c.n
    limit 1;
    if found then
        raise exception '%', v_message using errcode = 'invalid_parameter_value', constraint = v_code;
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_header(text, text) from public;
comment on function outbound_webhooks.check_header(text, text) is 'Refuse a header that cannot be sent.';
