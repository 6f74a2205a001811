-- shell_word: a word as a shell takes it: as it is, or in single quotes.
-- Called by: watch_command. Locks: nothing.
create or replace function outbound_webhooks.shell_word(p_text text)
    returns text
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_text ~ '^[A-Za-z0-9_./:=,@%+-]+$' then p_text
        else '''' || replace(p_text, '''', '''\''''') || ''''
    end
$$;

revoke execute on function outbound_webhooks.shell_word(text) from public;
comment on function outbound_webhooks.shell_word(text) is 'A word, quoted for a shell where it has to be.';
