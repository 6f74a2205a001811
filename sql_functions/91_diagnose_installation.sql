-- diagnose_installation: what keeps events from being captured or sent, whatever the source.
-- Called by: doctor, as the owner of the tables. Locks: nothing.
create or replace function outbound_webhooks.diagnose_installation()
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
    select
        'problem',
        'ledger-open',
        'ledger',
        format(
            'changes of %s that were not captured: %s; the oldest of %s (SQLSTATE %s)', c.source, count(*),
            to_char(min(c.occurred_at), 'YYYY-MM-DD HH24:MI:SS "UTC"'), string_agg(distinct c.error_code, ', ')
        ),
        case when s.name is null
            then format('watch that table again and recapture, or: delete from outbound_webhooks.capture_errors where source = %L', c.source)
            else 'mend what the other findings say, then: outbound-webhooks recapture --all'
        end
    from outbound_webhooks.capture_errors as c
    left join outbound_webhooks.event_sources as s on s.name = c.source
    where c.recaptured_at is null
    group by c.source, s.name
    union all
    select
        case when d.ahead < 0 then 'problem' else 'warning' end,
        case when d.ahead < 0 then 'partitions-missing' else 'partitions-few' end,
        'partitions',
        case when d.ahead < 0 then 'today has none: every capture goes to the ledger'
            else format('ready for only %s days after today', d.ahead)
        end,
        'keep a dispatcher running, whose leader makes them (delivery may be off); for now: '
            'select outbound_webhooks.ensure_partitions()'
    from (values (outbound_webhooks.partition_days_ahead())) as d (ahead)
    where d.ahead < 3
    union all
    select
        'warning',
        'retention-overdue',
        'partitions',
        format(
            'their days were over a day ago, and they are still there: %s, of %s; the disk fills',
            count(*), pg_size_pretty(sum(p.bytes))
        ),
        'outbound-webhooks retention, which says what keeps it from its work'
    from outbound_webhooks.retention_plan(clock_timestamp() - interval '1 day') as p
    where p.goes
    having count(*) > 0
    union all
    select
        'warning',
        'wake-up-prepared',
        'settings',
        'wake_up is doorbell on a server that allows PREPARE TRANSACTION: it fails in a transaction that rang',
        'update outbound_webhooks.settings set wake_up = ''poll'''
    from outbound_webhooks.settings as g
    where g.wake_up = 'doorbell'
        and current_setting('max_prepared_transactions')::integer > 0
    union all
    select
        case when g.capture then 'warning' else 'note' end,
        'no-dispatcher',
        'dispatchers',
        'none is running: nothing is sent, no partitions are made, no signing keys are sealed',
        'outbound-webhooks run (delivery may be off)'
    from outbound_webhooks.settings as g
    where not exists (
        select from outbound_webhooks.dispatchers as d
        where d.stopped_at is null and d.heartbeat_at > clock_timestamp() - interval '15 seconds'
    )
    union all
    select
        'warning',
        'keys-in-clear',
        'signing keys',
        format('not sealed, though older than a minute: %s', count(*)),
        'outbound-webhooks run: a dispatcher seals them within a minute; its log says if it cannot'
    from outbound_webhooks.endpoint_secrets as k
    where k.secret is not null
        and k.created_at < clock_timestamp() - interval '1 minute'
    having count(*) > 0
    union all
    select
        'warning',
        'headers-in-clear',
        'headers',
        format('not sealed, though older than a minute: %s', count(*)),
        'outbound-webhooks run: a dispatcher seals them within seconds; its log says if it cannot'
    from outbound_webhooks.endpoint_headers as h
    where h.value is not null
        and h.set_at < clock_timestamp() - interval '1 minute'
    having count(*) > 0
    union all
    select
        'warning',
        'table-bloated',
        'deliveries',
        format('%s dead rows beside %s live ones: each claim passes over them', n.dead, n.live),
        'end what keeps them (the findings about vacuum), and: vacuum outbound_webhooks.deliveries'
    from (
        values (
            pg_stat_get_dead_tuples('outbound_webhooks.deliveries'::regclass),
            pg_stat_get_live_tuples('outbound_webhooks.deliveries'::regclass)
        )
    ) as n (dead, live)
    where n.dead > greatest(100000, n.live)
$$;

revoke execute on function outbound_webhooks.diagnose_installation() from public;
comment on function outbound_webhooks.diagnose_installation() is
    'What keeps events of any source from being captured or sent.';
