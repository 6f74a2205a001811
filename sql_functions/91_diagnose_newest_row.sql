-- diagnose_newest_row: can a payload be made of the newest row of a source's table?
-- Called by: diagnose_source. Locks: ACCESS SHARE on the tables it reads. Only where an index of the key makes it cheap.
-- The error's text is shown if it is about names; another one could hold values of the row.
create or replace function outbound_webhooks.diagnose_newest_row(p_source outbound_webhooks.event_sources)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_key text;
    v_body text;
    v_limit constant integer := (select s.max_body_bytes from outbound_webhooks.settings as s);
begin
    if not exists (
        select
        from pg_index as i
        join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        join pg_class as c on c.oid = i.indexrelid
        join pg_am as m on m.oid = c.relam
        where i.indrelid = p_source.relation_oid
            and a.attname = p_source.columns ->> 'id'
            and i.indisvalid
            and i.indpred is null
            and m.amname = 'btree'
    ) then
        return;
    end if;
    execute format(
        'select t.%1$I::text from %2$s as t where t.%1$I is not null order by t.%1$I desc limit 1',
        p_source.columns ->> 'id', p_source.relation_oid::regclass
    )
        into v_key;
    if v_key is null then
        return;
    end if;
    severity := 'problem';
    subject := 'source ' || p_source.name;
    v_body := outbound_webhooks.preview_payload(p_source.name, v_key);
    if octet_length(v_body) > v_limit then
        code := 'body-too-large';
        finding := format('the body of its newest row has %s bytes, more than settings.max_body_bytes (%s)', octet_length(v_body), v_limit);
        remedy := format('let payload_%s say less', p_source.name);
        return next;
    end if;
exception
    when lock_not_available then
        raise;
    when others or assert_failure then
        code := 'payload-fails';
        finding := 'no payload can be made of its newest row: '
            || case when sqlstate like '42%' then sqlerrm || ' ' else '' end || format('(%s)', sqlstate);
        remedy := format(
            'mend payload_%s; outbound-webhooks payload preview %s %s shows the error, and the body when it is mended',
            p_source.name, p_source.name, outbound_webhooks.shell_word(v_key)
        );
        return next;
end
$$;

revoke execute on function outbound_webhooks.diagnose_newest_row(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.diagnose_newest_row(outbound_webhooks.event_sources) is
    'Whether a payload can be made of the newest row of a source.';
