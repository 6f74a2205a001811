"""The statements that read deliveries, live and finished ones as one list, the newest event first.

Whatever is asked for, a list is read by an index. Its candidates are what an index finds by place, endpoint or clinic,
and the part of the tables that a state is kept in. What remains is looked at row by row, for a bounded number of
candidates at a time.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.sql import SQL, Composable, Composed

from dispatcher.admin.operations.delivery_rows import Choice
from dispatcher.admin.operations.pages import Statement
from dispatcher.admin.operations.windows import CLOCKS_DIFFER, EVERYTHING, LARGEST, Place, Window, windows

_LIVE = SQL("""
    select
        d.id, d.event_id, d.endpoint_id, d.clinic_id,
        case
            when d.parked_reason is not null then 'parked'
            when d.lease_until > statement_timestamp() then 'in_flight'
            else 'pending'
        end as state,
        d.parked_reason as reason, d.created_at,
        case when d.parked_reason is null then d.next_attempt_at end as next_attempt_at,
        null::timestamptz as finished_at, d.attempt_count, d.failure_count, d.reevaluated,
        null::text as error_class, null::integer as http_status
    from outbound_webhooks.deliveries as d
    where {}""")
_FINISHED = SQL("""
    select
        f.id, f.event_id, f.endpoint_id, f.clinic_id, f.state, f.reason, f.created_at,
        null::timestamptz as next_attempt_at, f.finished_at, f.attempt_count, f.failure_count, f.reevaluated,
        f.last_error_class as error_class, f.last_http_status as http_status
    from outbound_webhooks.finished_deliveries as f
    where {}""")

# Of each row its event, and its last attempt: of a live delivery, how that went stands among the attempts alone. They
# are looked up one by one: offset 0 keeps whole tables from being joined.
_EVENT = SQL("""
left join lateral (
    select e.type, e.resource, e.resource_id
    from outbound_webhooks.events as e
    where e.id = c.event_id
        and e.id between %(first_event)s and %(before_event)s
    offset 0
) as e on true""")
_LAST = SQL("""
left join lateral (
    select a.error_class, a.http_status
    from outbound_webhooks.attempts as a
    where c.finished_at is null
        and c.attempt_count > 0
        and a.delivery_id = c.id
        and a.recorded_at >= c.created_at - interval '1 minute' -- its partitions; clocks may differ
        and a.recorded_at between %(begin)s and %(end)s
    order by a.number desc, a.recorded_at desc
    limit 1
) as a on true""")
_SHOW = SQL("""
select
    c.id as delivery_id, c.event_id, c.endpoint_id, c.clinic_id, c.state, c.reason, e.type, e.resource, e.resource_id,
    c.created_at, c.next_attempt_at, c.finished_at, c.attempt_count, c.failure_count, c.reevaluated,
    coalesce(c.error_class, a.error_class) as error_class, coalesce(c.http_status, a.http_status) as http_status
from ({rows}) as c {event} {last}
order by c.event_id desc, c.id desc""")
# Those of the candidates for which the conditions hold; only what these are about is looked up.
_LOOKED_AT = SQL("""
    select c.*
    from ({candidates}) as c {looked_up}
    where {looks}
    order by c.event_id desc, c.id desc
    limit %(limit)s""")
_BRANCH = SQL("(select c.* from ({rows}) as c order by c.event_id desc, c.id desc {limit})")
_BOUND = SQL(
    "select c.event_id, c.id from ({candidates}) as c order by c.event_id desc, c.id desc offset %(number)s - 1 limit 1"
)
_GROUPS = SQL("""
select
    c.endpoint_id, c.reason, c.error_class, c.http_status, count(*) as deliveries,
    (array_agg(c.event_id order by c.event_id))[1] as first_event, max(c.finished_at) as last_at
from ({candidates}) as c
group by c.endpoint_id, c.reason, c.error_class, c.http_status""")

# What an index finds. Nothing ends before its event: that leaves out the partitions of days before.
_PLACE = {
    table: SQL(
        "({0}.event_id, {0}.id) < (%(before_event)s, %(before_id)s::bigint)"
        " and ({0}.event_id, {0}.id) >= (%(first_event)s, %(first_id)s::bigint)"
    ).format(SQL(table))
    for table in ("d", "f")
}
_DAYS = SQL("f.finished_at between %(begin)s and %(end)s")
_OF_A_CLINIC = {
    "d": SQL(
        "d.endpoint_id = any (array("
        "select n.id from outbound_webhooks.endpoints as n where n.clinic_id = %(clinic_id)s))"
    ),
    "f": SQL("f.clinic_id = %(clinic_id)s"),
}
# All that is live of an endpoint or a clinic is read, by endpoint: without this, the planner may go through everybody's
# live deliveries in the order of the list, and find none of theirs for long.
_FENCE = SQL(" offset 0")
_LIMIT = SQL("limit %(limit)s")
_NONE = SQL("")
_ALL = SQL("true")

_LIVING = {"pending": "waiting", "in_flight": "waiting", "parked": "parked"}
_ENDED = frozenset({"succeeded", "dead", "cancelled"})
_KEPT = {
    "waiting": SQL("d.parked_reason is null"),
    "parked": SQL("d.parked_reason is not null"),
    # Those that were cancelled are few, kept with those that succeeded, and have indexes of their own.
    "succeeded": SQL("f.state in ('succeeded', 'cancelled')"),
    "dead": SQL("f.state = 'dead'"),
    "cancelled": SQL("f.state = 'cancelled'"),
}


def looks(choice: Choice) -> list[Composable]:
    """The conditions that no index knows: each candidate is looked at."""
    found: list[Composable] = []
    if choice.state in ("pending", "in_flight", "succeeded"):
        found.append(SQL("c.state = %(state)s"))
    if choice.error_class is not None:
        found.append(SQL("coalesce(c.error_class, a.error_class) = %(error_class)s"))
    return [*found, *_looks_at_events(choice)]


def _looks_at_events(choice: Choice) -> list[Composable]:
    found: list[Composable] = []
    if choice.type not in (None, "*"):
        found.append(SQL("%(type)s in (e.type, split_part(e.type, '.', 1) || '.*')"))
    if choice.resource is not None and choice.event_ids is None:
        found.append(SQL("e.resource = %(resource)s"))
    return found


def page(choice: Choice, now: datetime, window: Window, first: Place, limit: int) -> Statement:
    """The newest deliveries of a window, from the place `first` on."""
    conditions = looks(choice)
    # Where each is looked at, all down to `first` have their turn, not the newest so many of them.
    rows = _candidates(choice, _NONE if conditions else _LIMIT)
    looked_up = [*([_EVENT] if _looks_at_events(choice) else []), *([_LAST] if choice.error_class is not None else [])]
    rows = _LOOKED_AT.format(
        candidates=rows, looked_up=SQL(" ").join(looked_up), looks=SQL(" and ").join(conditions or [_ALL])
    )
    return _show(rows), {**asdict(choice), **_bounds(window, first, now), "limit": limit}


def bound(choice: Choice, now: datetime, window: Window, number: int) -> Statement:
    """The place of the candidate of this number in a window, from 1 on."""
    statement = _BOUND.format(candidates=_candidates(choice, SQL("limit %(number)s")))
    return statement, {**asdict(choice), **_bounds(window, window.first, now), "number": number}


def groups(choice: Choice, now: datetime, window: Window, number: int) -> Statement:
    """The newest so many finished deliveries of a window that an index finds, by endpoint, and how they ended."""
    statement = _GROUPS.format(candidates=_candidates(choice, SQL("limit %(number)s")))
    return statement, {**asdict(choice), **_bounds(window, window.first, now), "number": number}


def one(delivery_id: int, now: datetime) -> Statement:
    """A delivery."""
    return _named(SQL("{}.id = %(delivery_id)s"), EVERYTHING, now, {"delivery_id": delivery_id})


def of_an_event(event_id: UUID, now: datetime) -> Statement:
    """The deliveries of an event, the newest first."""
    window = next(windows(now, None, None, (event_id, LARGEST)))
    return _named(SQL("{}.event_id = %(event_id)s"), window, now, {"event_id": event_id})


def _named(condition: SQL, window: Window, now: datetime, names: dict[str, Any]) -> Statement:
    live = _LIVE.format(condition.format(SQL("d")))
    finished = _FINISHED.format(SQL(" and ").join([condition.format(SQL("f")), _DAYS]))
    rows = SQL(" union all ").join([live, finished])
    return _show(rows), {**names, **_bounds(window, window.first, now)}


def _show(rows: Composed) -> Composed:
    return _SHOW.format(rows=rows, event=_EVENT, last=_LAST)


def _bounds(window: Window, first: Place, now: datetime) -> dict[str, Any]:
    return {
        "before_event": window.before[0],
        "before_id": window.before[1],
        "first_event": first[0],
        "first_id": first[1],
        "begin": window.since - CLOCKS_DIFFER,
        "end": now + CLOCKS_DIFFER,
    }


def _candidates(choice: Choice, limit: Composable) -> Composed:
    return SQL(" union all ").join(_BRANCH.format(rows=rows, limit=limit) for rows in _branches(choice))


def _branches(choice: Choice) -> Iterator[Composed]:
    """Each part of the tables that such deliveries are in, with what an index finds of it."""
    states, is_of_all = choice.states, choice.endpoint_id is None and choice.clinic_id is None
    living, ended = states & _LIVING.keys(), states & _ENDED
    if is_of_all and living == _LIVING.keys():
        yield _LIVE.format(_conditions(choice, "d"))
    else:
        for kept in sorted({_LIVING[state] for state in living}):
            rows = _LIVE.format(_conditions(choice, "d", _KEPT[kept]))
            yield rows if is_of_all else rows + _FENCE
    if ended == _ENDED:
        yield _FINISHED.format(_conditions(choice, "f", _DAYS))
    else:
        for state in sorted(ended):
            yield _FINISHED.format(_conditions(choice, "f", _DAYS, _KEPT[state]))


def _conditions(choice: Choice, table: str, *more: Composable) -> Composed:
    conditions: list[Composable] = [*more, _PLACE[table]]
    if choice.endpoint_id is not None:
        conditions.append(SQL("{0}.clinic_id = %(clinic_id)s and {0}.endpoint_id = %(endpoint_id)s").format(SQL(table)))
    elif choice.clinic_id is not None:
        conditions.append(_OF_A_CLINIC[table])
    if choice.event_ids is not None:
        conditions.append(SQL("{}.event_id = any (%(event_ids)s::uuid[])").format(SQL(table)))
    return SQL(" and ").join(conditions)
