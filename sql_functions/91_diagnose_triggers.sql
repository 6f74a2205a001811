-- diagnose_triggers: are the triggers of a source there, as they have to be, and enabled, on its partitions, too?
-- Called by: diagnose_source. Locks: ACCESS SHARE on the table, for the text of its triggers.
create or replace function outbound_webhooks.diagnose_triggers(p_source outbound_webhooks.event_sources)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        case when d.statement like 'drop%' then 'warning' else 'problem' end,
        case
            when d.statement like 'drop%' then 'trigger-superfluous'
            when t.oid is null then 'trigger-missing'
            else 'trigger-altered'
        end,
        'source ' || p_source.name,
        case
            when d.statement like 'drop%' then format('trigger %s is there, but no rule needs it', d.trigger)
            when t.oid is null then format('trigger %s is missing on %s', d.trigger, p_source.relation_oid::regclass)
            else format('trigger %s is not as watch() makes it: it, or its table, was altered', d.trigger)
        end,
        outbound_webhooks.watch_command(p_source)
    from (
        select s.statement, substring(s.statement from '00_outbound_webhooks_(?:insert|update)')
        from outbound_webhooks.trigger_ddl(p_source) as s (statement)
    ) as d (statement, trigger)
    left join pg_trigger as t on t.tgrelid = p_source.relation_oid and t.tgname = d.trigger
    union all
    select
        'problem',
        case t.tgenabled when 'D' then 'trigger-disabled' else 'trigger-replica-only' end,
        'source ' || p_source.name,
        case t.tgenabled
            when 'D' then format('trigger %s is disabled', t.tgname)
            else format('trigger %s fires only while session_replication_role is replica', t.tgname)
        end,
        format('alter table %s enable trigger %I', p_source.relation_oid::regclass, t.tgname)
    from pg_trigger as t
    where t.tgrelid = p_source.relation_oid
        and t.tgname in ('00_outbound_webhooks_insert', '00_outbound_webhooks_update')
        and t.tgenabled not in ('O', 'A')
    union all
    -- Of a partitioned table: the clones of a trigger that is itself in order.
    select
        'problem',
        case when c.oid is null then 'partition-trigger-missing' else 'partition-trigger-disabled' end,
        'source ' || p_source.name,
        case
            when c.oid is null then format('trigger %s is missing on the partition %s', t.tgname, p.relid)
            else format('trigger %s is disabled on the partition %s', t.tgname, p.relid)
        end,
        case
            when c.oid is null then format('detach the partition %s and attach it again', p.relid)
            else format('alter table %s enable trigger %I', p_source.relation_oid::regclass, t.tgname)
        end
    from pg_trigger as t
    cross join pg_partition_tree(t.tgrelid) as p
    left join pg_trigger as c on c.tgrelid = p.relid and c.tgname = t.tgname and c.tgparentid <> 0
    where t.tgrelid = p_source.relation_oid
        and t.tgname in ('00_outbound_webhooks_insert', '00_outbound_webhooks_update')
        and t.tgenabled in ('O', 'A')
        and p.relid <> t.tgrelid
        and c.tgenabled is distinct from 'O'
        and c.tgenabled is distinct from 'A'
$$;

revoke execute on function outbound_webhooks.diagnose_triggers(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.diagnose_triggers(outbound_webhooks.event_sources) is
    'What is wrong with the triggers of a source.';
