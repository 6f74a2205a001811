"""A day that the demo did not see: sample rows, which the DBA writes into the demo's own throwaway database.

Payments, the events about them, and what became of these at each sample endpoint, counted by the hour with the function
that counts real ones. Nothing of it was ever sent.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.demo.samples import Sample

# More by day than by night; of the second clinic a third as many. They end before what the demo really does begins.
_PAYMENTS: LiteralString = """
insert into payment_transactions (
    clinic_id, checkout_id, provider, provider_reference, status, amount_cents, refunded_amount_cents, currency,
    paid_at, created_at, updated_at
)
select
    c.clinic, c.clinic, 'provider_' || case c.clinic when 1 then 'a' else 'b' end, 'sample',
    (array['paid', 'paid', 'paid', 'pending', 'failed', 'refunded'])[1 + m.h % 6]::payment_status,
    4900 + m.h % 40 * 1000, case when m.h % 12 = 0 then 1000 else 0 end, 'BRL', m.at, m.at, m.at
from (values (1, 60), (2, 20)) as c (clinic, most)
cross join generate_series(3, 287) as n
cross join lateral (
    select abs(hashtext(n || '/' || c.clinic)) as h, date_trunc('minute', now()) - n * interval '5 minutes' as at
) as m
where m.h / 6 % 100 < c.most * (0.3 + 0.7 * sin(pi() * extract(hour from m.at at time zone 'UTC') / 24) ^ 2)
order by m.at
"""
_EVENTS: LiteralString = """
insert into outbound_webhooks.events (id, clinic_id, type, resource, resource_id, source, occurred_at, body)
select
    outbound_webhooks.uuid_v7(e.at), p.clinic_id::text, e.type, 'payment_transaction', p.id::text,
    'payment_transactions', e.at,
    outbound_webhooks.event_body(e.type, e.at, outbound_webhooks.payload_payment_transactions(p, e.previous))
from payment_transactions as p
cross join lateral (values
    ('payment_transaction.created', p.created_at, null::json),
    ('payment_transaction.status_changed', p.created_at + interval '90 seconds', '{"status": "pending"}'),
    ('payment_transaction.partially_refunded', p.created_at + interval '4 minutes', '{"refunded_amount": 0}')
) as e (type, at, previous)
where p.provider_reference = 'sample'
    and case e.type
        when 'payment_transaction.status_changed' then p.status <> 'pending'
        when 'payment_transaction.partially_refunded' then p.refunded_amount_cents > 0
        else true
    end
order by e.at
"""
# A first attempt that failed was followed by one that succeeded, but where nothing did any more: there it was the last
# of three, and the delivery is dead.
_SENT: LiteralString = """
create temporary table sent on commit drop as
select
    nextval('outbound_webhooks.delivery_ids') as delivery_id, s.*,
    case when s.is_down then 3 when s.h %% 1000 < s.per_mille then 2 else 1 end as attempts
from (
    select
        e.id as event_id, e.clinic_id, e.occurred_at as at, p.endpoint_id, p.per_mille, p.error_class, p.http_status,
        p.milliseconds, abs(hashtext(e.resource_id || e.type || p.endpoint_id)) as h,
        e.occurred_at > now() - make_interval(hours => p.down_hours) as is_down
    from outbound_webhooks.events as e
    join jsonb_to_recordset(%s::jsonb) as p (
        endpoint_id bigint, clinic_id text, types text[], filter jsonb, per_mille integer, error_class text,
        http_status integer, milliseconds integer, down_hours integer
    ) on p.clinic_id = e.clinic_id
        and (p.types is null or e.type = any (p.types))
        and (p.filter is null or (e.body::jsonb -> 'data') @> p.filter)
    join payment_transactions as t on t.id::text = e.resource_id and t.provider_reference = 'sample'
    order by e.id, p.endpoint_id
) as s
"""
_ATTEMPTS: LiteralString = """
insert into outbound_webhooks.attempts (
    delivery_id, lease_token, recorded_at, endpoint_id, clinic_id, number, reason, outcome, error_class, http_status,
    started_at, duration_ms, content_type, response_excerpt
)
select
    s.delivery_id, nextval('outbound_webhooks.lease_tokens'), t.started_at + t.took * interval '1 millisecond',
    s.endpoint_id, s.clinic_id, n, case n when 1 then 'first' else 'retry' end,
    case when f.failed then 'failed' else 'succeeded' end, case when f.failed then s.error_class end,
    case when not f.failed then 204 else s.http_status end, t.started_at, t.took,
    case when f.failed and s.error_class = 'http_status' then 'application/json' end,
    case when f.failed and s.error_class = 'http_status' then '{"error": "not now"}' end
from sent as s
cross join lateral generate_series(1, s.attempts) as n
cross join lateral (select s.is_down or n < s.attempts as failed) as f
cross join lateral (
    select
        case when f.failed and s.error_class = 'timeout' then 20000 else s.milliseconds * (60 + s.h % 120) / 100 end
            as took,
        s.at + (n - 1) * interval '1 minute' + interval '15 milliseconds' as started_at
) as t
"""
_FINISHED: LiteralString = """
insert into outbound_webhooks.finished_deliveries (
    id, event_id, endpoint_id, clinic_id, state, reason, created_at, finished_at, attempt_count, failure_count,
    last_http_status, last_error_class
)
select
    s.delivery_id, s.event_id, s.endpoint_id, s.clinic_id, case when s.is_down then 'dead' else 'succeeded' end,
    case when s.is_down then 'attempts exhausted' end, s.at, a.recorded_at, s.attempts,
    s.attempts - (not s.is_down)::integer, a.http_status, a.error_class
from sent as s
join outbound_webhooks.attempts as a on a.delivery_id = s.delivery_id and a.number = s.attempts
"""
_HOURS: LiteralString = """
select outbound_webhooks.count_hours(
    (select array_agg(a) from outbound_webhooks.attempts as a join sent as s on s.delivery_id = a.delivery_id),
    (select array_agg(f) from outbound_webhooks.finished_deliveries as f join sent as s on s.delivery_id = f.id)
)
"""
_LAST_SUCCESSES: LiteralString = """
update outbound_webhooks.endpoint_flow as f
set succeeded_at = s.last
from (
    select a.endpoint_id, max(a.recorded_at) as last
    from outbound_webhooks.attempts as a
    join sent as s on s.delivery_id = a.delivery_id
    where a.outcome = 'succeeded'
    group by a.endpoint_id
) as s
where f.endpoint_id = s.endpoint_id
"""


async def write_history(dba: AsyncConnection[TupleRow], endpoints: Mapping[int, Sample]) -> int:
    """Write it, in one transaction; returns how many deliveries it has."""
    past = [
        {
            "endpoint_id": number,
            "clinic_id": sample.clinic,
            "types": sample.options.get("event_types"),
            "filter": sample.options.get("filter"),
            **asdict(sample.past),
        }
        for number, sample in endpoints.items()
    ]
    async with dba.transaction():
        await dba.execute("set local session_replication_role = replica")  # these payments make no events today
        await dba.execute(_PAYMENTS)
        await dba.execute(_EVENTS)
        await dba.execute(_SENT, (json.dumps(past),))
        await dba.execute(_ATTEMPTS)
        await dba.execute(_FINISHED)
        await dba.execute(_HOURS)
        await dba.execute(_LAST_SUCCESSES)
        cursor = await dba.execute("select count(*) from sent")
        ((count,),) = await cursor.fetchall()
    return int(count)
