-- purge_rows: delete what is too old from the small tables, p_limit rows of each.
-- Called by: dispatcher/pipeline/retention.py, again until a table has fewer than that. Returns what it deleted.
-- Locks: those rows; skips what others hold.
create or replace function outbound_webhooks.purge_rows(p_now timestamptz default clock_timestamp(), p_limit integer default 1000)
    returns table (name text, purged bigint)
    language plpgsql
    volatile
    security definer -- deleting rows is the owner's right, not the dispatcher's
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table record;
begin
    perform set_config('outbound_webhooks.actor', 'retention', true); -- what is audited says who removed it
    for v_table in select * from outbound_webhooks.purge_list(p_now) loop
        execute format(
            'delete from outbound_webhooks.%1$I where ctid = any (array('
            'select t.ctid from outbound_webhooks.%1$I as t where t.%2$I < $1 limit $2 for update skip locked))',
            v_table.name, v_table.age_column
        ) using v_table.before, p_limit;
        get diagnostics purged = row_count;
        name := v_table.name;
        return next;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.purge_rows(timestamptz, integer) from public;
grant execute on function outbound_webhooks.purge_rows(timestamptz, integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.purge_rows(timestamptz, integer) is
    'Delete rows of the small tables whose days are over, a bounded number of each; returns how many.';
