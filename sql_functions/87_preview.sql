-- preview: what this transaction would have sent, were it committed now: the events it made, to whom they go, or why
-- somebody does not get them; and its changes that went to the ledger. Changes nothing.
-- Called by: DBAs, in a transaction that they then roll back. Locks: nothing. Triggers that are deferred to the commit
-- have not fired: set constraints all immediate, before.
-- Returns, in the order in which they were made, a row for each event and endpoint of its clinic that is not retired, with
-- the code and the words of explain(); delivery_id is null where the endpoint does not get the event. A clinic without
-- one has a row with a null endpoint_id; so has a change in the ledger, which has no event either.
-- The payload function reads more than the caller may have written: so only who may read events may call this.
create or replace function outbound_webhooks.preview()
    returns table (
        event_id uuid,
        event_type text,
        clinic_id text,
        endpoint_id bigint,
        url text,
        delivery_id bigint,
        code text,
        words text,
        body text
    )
    language sql
    stable
    security definer -- sees what captures wrote
    set search_path = pg_catalog, pg_temp
as $$
    select p.event_id, p.event_type, p.clinic_id, p.endpoint_id, p.url, p.delivery_id, p.code, p.words, p.body
    from (
        select
            v.id as event_id, v.type as event_type, v.clinic_id, e.id as endpoint_id, e.url, x.delivery_id,
            coalesce(x.code, 'clinic_without_endpoint') as code, coalesce(x.words, 'the clinic has no endpoint') as words,
            v.body, null::bigint as error_id
        from outbound_webhooks.events as v
        left join outbound_webhooks.endpoints as e on e.clinic_id = v.clinic_id and e.state <> 'retired'
        left join lateral (
            select a.* from outbound_webhooks.explain(v.id, e.id) with ordinality as a (code, words, since, until, delivery_id, n)
            where e.id is not null
            order by a.n
            limit 1
        ) as x on true
        -- A clock may be set back while the transaction runs.
        where v.id >= outbound_webhooks.uuid_v7_floor(transaction_timestamp() - interval '1 minute')
            and case
                when outbound_webhooks.uuid_v7_time(v.id) >= transaction_timestamp() - interval '1 minute'
                    then outbound_webhooks.written_here(v.xmin)
            end
        union all
        select
            null, null, c.clinic_id, null, null, null, 'in_ledger',
            format(
                '%s of %s %s is not captured, and stands in the ledger: %s', c.operation, c.source, c.resource_id, c.message
            ),
            null, c.id
        from outbound_webhooks.capture_errors as c
        where c.recaptured_at is null
            and case
                when c.occurred_at >= transaction_timestamp() - interval '1 minute' then outbound_webhooks.written_here(c.xmin)
            end
    ) as p
    order by p.error_id nulls first, p.event_id, p.endpoint_id
$$;

revoke execute on function outbound_webhooks.preview() from public;
grant execute on function outbound_webhooks.preview() to outbound_webhooks_admin;
comment on function outbound_webhooks.preview() is
    'What this transaction would send: begin; update ...; select * from outbound_webhooks.preview(); rollback;';
