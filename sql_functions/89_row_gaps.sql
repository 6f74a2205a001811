-- row_gaps: the next rows of a watched table, and what their events leave out of how they are now:
--   row_without_event: a row that no event says the insertion of;
--   change_without_event: had the row become what it is now, out of what its last event said, a rule would make an event;
--   change_between_events: the same between two events, of which the later one says what was before it.
-- Called by: reconcile_rows, which judges them. Locks: ACCESS SHARE on the table. One statement, and so one moment: a row
-- and the event of its last change commit together.
-- A value that came and went between two events is not seen. since and until: when the change was made, as far as is known.
-- And what cannot be told (limit_changed; silent: no event of the row is kept; no_time: the row does not say when it was made); and how
-- far the page goes (looked: the last row, whose place is their number).
-- The events of one row are taken in the order of what they tell (occurred_at): what was recaptured tells of an earlier
-- time than its id. Events of one update tell of each other's change: only an event of the same rule, or of an insertion,
-- is compared with what the next one says was before it. A number that grew to its limit, or fell, makes no event: where
-- another event says that it had been greater, nothing is missing; where the limit was changed, too, that is not known.
create or replace function outbound_webhooks.row_gaps(
    p_source outbound_webhooks.event_sources, p_after text, p_limit integer, p_now timestamptz
)
    returns table (
        code text, clinic_id text, resource_id text, event_type text, field text, old_value jsonb, new_value jsonb,
        scale jsonb, since timestamptz, until timestamptz, place bigint, rule bigint
    )
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set jit = off
as $$
    with page as materialized (
        select p.* from outbound_webhooks.rows_page(p_source, p_after, p_limit) with ordinality as p (
            id, clinic_id, made_at, present, scale, reached, place
        )
    ),
    of_clinic as materialized ( -- others make no events
        select p.*
        from page as p
        where exists (select from outbound_webhooks.endpoints as e where e.clinic_id = p.clinic_id)
    ),
    rule as materialized (
        select
            r.n, r.rule ->> 'type' as type, r.rule ->> 'when' as kind, r.rule ->> 'field' as field,
            r.rule ->> 'below' as below, r.rule ? 'to' as has_to
        from jsonb_array_elements(p_source.rules) with ordinality as r (rule, n)
    ),
    told as materialized (
        select p.place as row_place, e.id, e.type, e.occurred_at, e.body::json -> 'data' as data
        from of_clinic as p
        join outbound_webhooks.events as e
            on e.clinic_id = p.clinic_id and e.resource = p_source.resource and e.resource_id = p.id
        where e.source = p_source.name
            and e.id < outbound_webhooks.uuid_v7_floor(p_now + interval '1 day') -- not into partitions of days to come
    ),
    state as (
        select
            t.row_place, r.n, t.occurred_at, t.id,
            t.type = r.type or t.type in (select i.type from rule as i where i.kind = 'inserted') as is_firm,
            (t.data -> r.field)::jsonb as said,
            case when r.below is not null then coalesce((t.data -> r.below)::jsonb, 'null') end as below,
            case when t.type = r.type then (t.data #> array['previous', r.field])::jsonb end as previous,
            row_number() over (partition by t.row_place, r.n order by t.occurred_at, t.id) as place
        from told as t
        join rule as r on r.kind <> 'inserted'
    ),
    link as (
        select
            s.*,
            lag(s.said) over following as before,
            lag(s.occurred_at) over following as before_at,
            lag(s.below) over following as before_below,
            lag(s.is_firm) over following as before_is_firm,
            lead(s.id) over following is null as is_last
        from state as s
        where s.is_firm or s.place = 1
        window following as (partition by s.row_place, s.n order by s.occurred_at, s.id)
    )
    select
        'row_without_event', p.clinic_id, p.id, r.type, null, null::jsonb, null::jsonb, p.scale, p.made_at, p.made_at,
        p.place, r.n
    from of_clinic as p
    join rule as r on r.kind = 'inserted'
    where p.made_at is not null
        and not exists (select from told as t where t.row_place = p.place and t.type = r.type)
    union all
    select
        case when l.before_below is distinct from l.below then 'limit_changed' else 'change_between_events' end, p.clinic_id, p.id, r.type, r.field, l.before, l.previous, p.scale, l.before_at,
        l.occurred_at, p.place, r.n
    from link as l
    join rule as r on r.n = l.n
    join of_clinic as p on p.place = l.row_place
    where (l.before_is_firm or l.before <> l.said)
        and outbound_webhooks.calls_for_event(r.kind, l.before, l.previous, l.below)
        and not r.has_to -- before it became the value it was another one: of that such a rule says nothing
        -- What was before is told as the table has it, which is not how a function of the DBA's own tells a value.
        and outbound_webhooks.payload_is_generated(p_source.name)
        and not (r.kind = 'grew' and exists ( -- it had been greater, and fell
            select
            from state as s
            where s.row_place = l.row_place
                and s.n = l.n
                and s.occurred_at between l.before_at and l.occurred_at
                and not s.is_firm
                and s.said > l.previous
                and s.said <> l.said
        ))
    union all
    select
        case when r.below is not null and l.below is distinct from coalesce(p.present -> r.below, 'null')
            then 'limit_changed' else 'change_without_event'
        end,
        p.clinic_id, p.id, r.type, r.field, l.said, p.present -> r.field, p.scale, l.occurred_at,
        greatest(p_now, l.occurred_at), p.place, r.n
    from link as l
    join rule as r on r.n = l.n
    join of_clinic as p on p.place = l.row_place
    where l.is_last
        and outbound_webhooks.calls_for_event(
            r.kind, l.said, p.present -> r.field,
            case when r.below is not null then coalesce(p.present -> r.below, 'null') end
        )
        and (not r.has_to or r.type = any (p.reached))
        and not (r.kind = 'grew' and exists (
            select
            from state as s
            where s.row_place = l.row_place
                and s.n = l.n
                and s.occurred_at >= l.occurred_at
                and not s.is_firm
                and s.said > p.present -> r.field
        ))
    union all
    select 'silent', p.clinic_id, p.id, null, null, null, null, null, p.made_at, greatest(p_now, p.made_at), p.place, null
    from of_clinic as p
    where not exists (select from told as t where t.row_place = p.place)
        and exists (select from rule as r where r.kind <> 'inserted')
    union all
    select 'no_time', p.clinic_id, p.id, r.type, null, null, null, null, null, p_now, p.place, r.n
    from of_clinic as p
    join rule as r on r.kind = 'inserted'
    where p.made_at is null
        and not exists (select from told as t where t.row_place = p.place and t.type = r.type)
        and exists (select from told as t where t.row_place = p.place)
    union all
    (select 'looked', null, p.id, null, null, null, null, null, null, null, p.place, null from page as p order by p.place desc limit 1)
$$;

revoke execute on function outbound_webhooks.row_gaps(outbound_webhooks.event_sources, text, integer, timestamptz) from public;
comment on function outbound_webhooks.row_gaps(outbound_webhooks.event_sources, text, integer, timestamptz) is
    'The next rows of a watched table, and what their events leave out of how they are now.';
