-- diagnose_arming: is this database armed, as it is here, for an environment (null: for the one that it is armed for)?
-- Called by: doctor. Locks: nothing.
create or replace function outbound_webhooks.diagnose_arming(p_environment text)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        case when g.armed_at is null then 'note' else 'warning' end,
        case when g.armed_at is null then 'not-armed' else 'armed-elsewhere' end,
        'delivery',
        'nothing is sent from this database: ' || w.reason,
        'if it is no copy that has to keep silent, and its endpoints are to be called from here: outbound-webhooks arm'
    from outbound_webhooks.settings as g
    cross join lateral (
        select outbound_webhooks.why_unarmed(coalesce(p_environment, g.armed_environment, ''))
    ) as w (reason)
    where w.reason is not null
$$;

revoke execute on function outbound_webhooks.diagnose_arming(text) from public;
comment on function outbound_webhooks.diagnose_arming(text) is 'What keeps an environment from sending from this database.';
