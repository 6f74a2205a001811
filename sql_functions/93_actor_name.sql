-- actor_name: who does this: the actor that a program named for the transaction, or the database user.
-- Called by: the functions of API keys and of switches. Locks: nothing.
create or replace function outbound_webhooks.actor_name()
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(nullif(current_setting('outbound_webhooks.actor', true), ''), session_user::text)
$$;

revoke execute on function outbound_webhooks.actor_name() from public;
comment on function outbound_webhooks.actor_name() is 'Who stands behind this transaction.';
