-- url_refusal: why an endpoint may not have this URL: a code of describe_url_refusal(), or null. The same as url_refusal()
-- in dispatcher/core/url.py: tests/sql/test_url_policy.py compares them.
-- Called by: check_url, diagnose_urls. Locks: nothing.
create or replace function outbound_webhooks.url_refusal(p_url text, p_internal_urls boolean, p_allowed_ports int4multirange)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_authority constant text := substring(p_url from '^https://([^/?#]*)');
    v_host constant text := substring(v_authority from '^(\[[^\]]*\]|[^\[\]:]*)(?::.*)?$');
    v_port text;
    v_refusal text;
begin
    if length(p_url) > 2048 then
        return 'url_length';
    elsif p_url ~ '[^!-~]|\\' then
        return 'url_characters';
    elsif v_authority is null then
        return 'url_scheme';
    elsif v_authority ~ '@' then
        return 'url_userinfo';
    elsif p_url ~ '#' then
        return 'url_fragment';
    elsif v_host is null then
        return 'url_host';
    end if;
    v_refusal := outbound_webhooks.host_refusal(v_host, p_internal_urls);
    if v_refusal is not null then
        return v_refusal;
    end if;
    v_port := case when v_authority = v_host then '443' else substring(v_authority from length(v_host) + 2) end;
    if v_port ~ '^[1-9][0-9]{0,4}$' then
        return case when not v_port::integer <@ p_allowed_ports then 'url_port' end;
    end if;
    return 'url_port';
end
$$;

revoke execute on function outbound_webhooks.url_refusal(text, boolean, int4multirange) from public;
comment on function outbound_webhooks.url_refusal(text, boolean, int4multirange) is
    'Why an endpoint may not have this URL, as a code; null if it may.';
