-- related_option: a related row as `outbound-webhooks watch --related` takes it: name=table:by:columns, or JSON where
-- that cannot say it (a key other than id, amounts, odd names).
-- Called by: watch_command. Locks: nothing.
create or replace function outbound_webhooks.related_option(p_entry jsonb)
    returns text
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_entry ->> 'key' = 'id'
            and jsonb_array_length(p_entry -> 'amounts') = 0
            and concat(p_entry ->> 'table', p_entry ->> 'by') !~ ':'
            and not exists (select from jsonb_each_text(p_entry -> 'columns') as c where c.value ~ '[:,=]')
        then format('%s=%s:%s:%s', p_entry ->> 'name', p_entry ->> 'table', p_entry ->> 'by', (
            select string_agg(case when c.key = c.value then c.key else c.key || '=' || c.value end, ',' order by c.key)
            from jsonb_each_text(p_entry -> 'columns') as c
        ))
        else p_entry::text
    end
$$;

revoke execute on function outbound_webhooks.related_option(jsonb) from public;
comment on function outbound_webhooks.related_option(jsonb) is 'A related row as the command line takes it.';
