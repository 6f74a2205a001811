-- audit_change: a line of the audit log for a change of a row, whoever made it, also in psql, and in its transaction.
-- Called by: triggers on the small tables that people change (attach_triggers). Locks: nothing.
-- Its arguments: what such a row is called; columns whose values are never recorded; columns that are no news, as they
-- change by themselves or say what the line says anyway. A change of nothing else writes no line.
create or replace function outbound_webhooks.audit_change()
    returns trigger
    language plpgsql
    volatile
    security definer -- who may write the table need not write the log
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set intervalstyle = 'postgres'
as $$
declare
    v_thing constant text := tg_argv[0];
    v_no_news constant text[] := tg_argv[2];
    v_old jsonb;
    v_new jsonb;
    v_row jsonb;
    v_details jsonb := '{}';
begin
    if tg_op in ('UPDATE', 'DELETE') then
        v_old := to_jsonb(old) - v_no_news;
    end if;
    if tg_op in ('UPDATE', 'INSERT') then
        v_new := to_jsonb(new) - v_no_news;
    end if;
    v_row := coalesce(v_new, v_old, '{}');
    if tg_op <> 'TRUNCATE' then
        v_details := outbound_webhooks.audit_difference(v_old, v_new, tg_argv[1]::text[]);
    end if;
    if v_details is not null then
        perform outbound_webhooks.record_audit(
            outbound_webhooks.audit_action(v_thing, tg_op, v_old, v_new),
            v_row ->> 'clinic_id',
            concat_ws(
                ' ', replace(v_thing, '_', ' '), coalesce(v_row ->> 'name', v_row ->> 'id'), 'of endpoint ' || (v_row ->> 'endpoint_id')
            ),
            v_details
        );
    end if;
    return null;
end
$$;

revoke execute on function outbound_webhooks.audit_change() from public;
comment on function outbound_webhooks.audit_change() is 'Write a line of the audit log for a changed row.';
