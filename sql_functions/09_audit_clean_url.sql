-- audit_clean_url: a URL without its user, password and query, where secrets may be. Null stays null.
-- Called by: audit_difference. Locks: nothing.
create or replace function outbound_webhooks.audit_clean_url(p_url jsonb)
    returns jsonb
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select case when jsonb_typeof(p_url) = 'string' then to_jsonb(
        regexp_replace(regexp_replace(p_url #>> '{}', '^(\w+://)[^/?#]*@', '\1***@'), '[?#].*$', '?***')
    ) else p_url end
$$;

revoke execute on function outbound_webhooks.audit_clean_url(jsonb) from public;
comment on function outbound_webhooks.audit_clean_url(jsonb) is 'A URL without user, password and query.';
