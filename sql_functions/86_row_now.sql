-- row_now: a row of a watched table, by its key: its id as events have it, its clinic, and when it says that it was made.
-- Called by: explain_row. Locks: ACCESS SHARE on the table. Where there is no row, or it cannot be read, problem says so,
-- and id is the key as it was given. created_at is null where the source maps no column of type timestamp to it.
create or replace function outbound_webhooks.row_now(
    p_source outbound_webhooks.event_sources,
    p_key text,
    out id text,
    out clinic_id text,
    out created_at timestamptz,
    out problem text
)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_statement constant text := outbound_webhooks.row_statement(p_source, format(
        't.%I::text, t.%I::text, %s',
        p_source.columns ->> 'id',
        p_source.columns ->> 'clinic_id',
        coalesce(
            (
                select format('t.%I::timestamptz', a.attname)
                from pg_attribute as a
                where a.attrelid = outbound_webhooks.relation_of(p_source)
                    and a.attname = p_source.columns ->> 'created_at'
                    and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype)
            ),
            'null'
        )
    ));
begin
    if v_statement is null then
        problem := 'the table, or its key, is gone';
    else
        begin
            execute v_statement into id, clinic_id, created_at using array[p_key];
            if id is null then
                problem := 'the table has no such row: it was deleted, or never there';
            end if;
        exception when undefined_column or insufficient_privilege then
            problem := format('the table cannot be read: %s', sqlerrm);
        end;
    end if;
    id := coalesce(id, p_key);
end
$$;

revoke execute on function outbound_webhooks.row_now(outbound_webhooks.event_sources, text) from public;
comment on function outbound_webhooks.row_now(outbound_webhooks.event_sources, text) is
    'A row of a watched table as it is now: its id, its clinic, its age.';
