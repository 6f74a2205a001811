-- ensure_partitions: one partition a day for each partitioned table, from yesterday to p_days_ahead.
-- Called by: post-apply, a starting dispatcher, and the leader's maintenance, whether or not delivery is enabled.
-- Returns the names it made.
-- Locks: SHARE UPDATE EXCLUSIVE on the parent for each ATTACH, 1 s at most. CREATE ... PARTITION OF would take
-- ACCESS EXCLUSIVE, and every payment would wait behind it.
create or replace function outbound_webhooks.ensure_partitions(p_days_ahead integer default 14)
    returns setof text
    language plpgsql
    volatile
    security definer -- creating tables in the schema is the owner's right, not the dispatcher's
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set lock_timeout = '1s'
as $$
declare
    v_day date;
    v_table text;
    v_partition text;
begin
    -- Two dispatchers that start at once would make the same ones.
    perform pg_advisory_xact_lock(hashtextextended('outbound_webhooks.ensure_partitions', 0));

    foreach v_table in array array['events', 'attempts', 'finished_deliveries_done', 'finished_deliveries_dead'] loop
        for v_day in
            select d::date
            from generate_series(current_date - 1, current_date + p_days_ahead, interval '1 day') as d
        loop
            v_partition := v_table || to_char(v_day, '_YYYYMMDD');
            continue when to_regclass('outbound_webhooks.' || v_partition) is not null;

            execute format(
                'create table outbound_webhooks.%I (like outbound_webhooks.%I including all)', v_partition, v_table
            );
            perform outbound_webhooks.attach_partition(v_table, v_partition, v_day);
            perform outbound_webhooks.protect_table(format('outbound_webhooks.%I', v_partition)::regclass);
            return next v_partition;
        end loop;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.ensure_partitions(integer) from public;
grant execute on function outbound_webhooks.ensure_partitions(integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.ensure_partitions(integer) is
    'Make the daily partitions from yesterday to the given number of days ahead; returns the new ones.';
