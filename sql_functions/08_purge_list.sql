-- purge_list: the small tables that retention purges row by row: by which column a row is old, and before when.
-- Called by: purge_rows, `outbound-webhooks retention --dry-run`. Locks: nothing.
-- A row whose column is null stays: a change in the ledger that was not recaptured, a signing key that is in use.
create or replace function outbound_webhooks.purge_list(p_now timestamptz)
    returns table (name text, age_column text, before timestamptz)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
    select t.name, t.age_column, p_now - make_interval(days => t.days)
    from outbound_webhooks.settings as s
    cross join lateral (values
        ('capture_errors', 'recaptured_at', s.ledger_keep_days),
        ('endpoint_secrets', 'valid_until', s.secrets_keep_days),
        ('portal_sessions', 'ends_at', s.secrets_keep_days),
        ('endpoint_hours', 'hour', s.statistics_keep_days),
        ('audit_log', 'at', s.audit_keep_days), -- null: kept for ever
        ('dispatchers', 'heartbeat_at', s.attempts_keep_days) -- attempts name them
    ) as t (name, age_column, days)
    where t.days is not null
$$;

revoke execute on function outbound_webhooks.purge_list(timestamptz) from public;
comment on function outbound_webhooks.purge_list(timestamptz) is
    'The small tables that are purged, the column that says how old a row is, and the moment before which it goes.';
