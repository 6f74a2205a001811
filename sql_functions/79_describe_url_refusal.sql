-- describe_url_refusal: what is said of a URL that is refused with that code, and what can be done. Never what stood in it:
-- that may be a password. The same as _WORDS in dispatcher/core/url.py: tests/sql/test_url_policy.py compares them.
-- Called by: check_url. Locks: nothing.
create or replace function outbound_webhooks.describe_url_refusal(p_code text, p_allowed_ports int4multirange)
    returns table (message text, hint text)
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select w.message, w.hint
    from (
        values
        ('url_length', 'a URL must have at most 2048 characters', 'Shorten its path or its query.'),
        (
            'url_characters', 'a URL must have printable ASCII characters only, no space and no backslash',
            'Write others percent-encoded (a space is %20), and an international host name in punycode (xn--...).'
        ),
        ('url_scheme', 'a URL must begin with https://', 'For example https://clinic.example/webhooks.'),
        (
            'url_userinfo', 'a URL must have no user name and no password',
            'Take out what stands before the @. A receiver knows our requests by their signatures.'
        ),
        ('url_fragment', 'a URL must have no fragment', 'Take out the # and what follows it: it would not be sent.'),
        (
            'url_host', 'a URL''s host must be a DNS name, or an IP address in its usual form',
            'A name has labels of letters, digits and hyphens; the last one begins with a letter, and no dot follows it. '
                'An address is written as 203.0.113.7 or [2001:db8::7], without a zone.'
        ),
        (
            'url_internal_host', 'a URL''s host must have a public DNS name',
            'This one is of use within a network. Where receivers are inside: select outbound_webhooks.set_url_policy(true).'
        ),
        (
            'url_blocked_address', 'a URL''s host must be a public address',
            'This one leads inside, or nowhere. Where receivers are inside: select outbound_webhooks.set_url_policy(true).'
        ),
        (
            'url_port',
            'a URL''s port must be one of these: ' || (
                select string_agg(concat_ws('-', lower(r), nullif(upper(r) - 1, lower(r))), ', ' order by r)
                from unnest(p_allowed_ports) as r
            ),
            'Without one it is 443. To allow others: select outbound_webhooks.set_url_policy(p_allowed_ports => ...).'
        )
    ) as w (code, message, hint)
    where w.code = p_code
$$;

revoke execute on function outbound_webhooks.describe_url_refusal(text, int4multirange) from public;
comment on function outbound_webhooks.describe_url_refusal(text, int4multirange) is
    'What is said of a URL that is refused with that code.';
