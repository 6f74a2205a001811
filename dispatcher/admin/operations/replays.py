"""Replays and reevaluations: starting, stopping and resuming them, and how far they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, LiteralString

from psycopg import AsyncConnection
from psycopg.errors import NoDataFound
from psycopg.rows import TupleRow, class_row
from psycopg.sql import SQL
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.admin.operations.where import where
from dispatcher.db import Pool

Kind = Literal["replay", "reevaluation"]
State = Literal["running", "stopped", "done"]


@dataclass(frozen=True)
class Replay:
    """A replay, or a reevaluation: which, how fast, and how far it is."""

    replay_id: int
    kind: Kind
    clinic_id: Annotated[str | None, Field(description="Null: of all clinics; an operator's.")]
    endpoint_id: int | None
    event_type: str | None
    delivery_state: Annotated[Literal["dead", "succeeded", "cancelled"] | None, Field(description="Null: whichever.")]
    since: Annotated[datetime | None, Field(description="Of the events: when they were captured.")]
    until: datetime | None
    resource: str | None
    resource_id: str | None
    error_class: Annotated[str | None, Field(description="Of each delivery's last attempt.")]
    rate: Annotated[int, Field(description="Deliveries that become due within a second, at most.")]
    state: State
    state_changed_at: datetime
    total: Annotated[int, Field(description="How many deliveries there were when it was started.")]
    moved: Annotated[int, Field(description="How many of them it made due so far.")]
    skipped: Annotated[dict[str, int], Field(description="How many it left as they are, by the reason.")]
    started_at: datetime
    started_by: Annotated[str, Field(description="The login of the database.")]
    actor: Annotated[str | None, Field(description="Who stands behind it.")]


@dataclass(frozen=True)
class StartedReplay:
    """What a replay is about; no id if none was started: a dry run, or nothing to do."""

    replay_id: int | None
    deliveries: int


async def start_replay(pool: Pool, visit: Visit, kind: Kind, chosen: Mapping[str, object]) -> StartedReplay:
    """Count what is chosen and, unless it is a dry run or nothing, begin.

    Args:
        chosen: the parameters of replay(), or reevaluate(), without p_ and without the clinic, which is the visit's.

    Raises:
        psycopg.errors.NoDataFound: there is no such endpoint.
        psycopg.errors.InvalidParameterValue: nothing is chosen, or what cannot be meant.
    """
    statement = _REPLAY if kind == "replay" else _REEVALUATE
    async with of_clinic(pool, visit) as connection, connection.cursor(row_factory=class_row(StartedReplay)) as cursor:
        await cursor.execute(statement, {**chosen, "clinic_id": visit.clinic_id})
        started = await cursor.fetchone()
    assert started is not None
    return started


async def list_replays(
    pool: Pool, visit: Visit, filters: Mapping[str, object], before: int | None, limit: int
) -> list[Replay]:
    """So many replays at most, the newest first.

    Args:
        filters: by `state`, `kind` and `endpoint_id`; None: whichever.
        before: those with a smaller id than this.
    """
    chosen = {**filters, "clinic_id": visit.clinic_id, "before": before, "limit": limit}
    async with of_clinic(pool, visit) as connection, connection.cursor(row_factory=class_row(Replay)) as cursor:
        await cursor.execute(_SELECT + where(_CONDITIONS, chosen) + " order by r.id desc limit %(limit)s", chosen)
        return await cursor.fetchall()


async def find_replay(pool: Pool, visit: Visit, replay_id: int) -> Replay:
    """A replay.

    Raises:
        NoDataFound: there is none, or it is not the clinic's.
    """
    async with of_clinic(pool, visit) as connection:
        return await _find(connection, visit, replay_id)


async def stop_replay(pool: Pool, visit: Visit, replay_id: int) -> None:
    """Make nothing more due.

    Raises:
        psycopg.errors.NoDataFound: there is none, or it is not the clinic's.
        psycopg.errors.ObjectNotInPrerequisiteState: it is done.
    """
    async with of_clinic(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.stop_replay(%s)", (replay_id,))


async def resume_replay(pool: Pool, visit: Visit, replay_id: int) -> Replay:
    """Go on with a replay that was stopped; raises as stop_replay does."""
    async with of_clinic(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.resume_replay(%s)", (replay_id,))
        return await _find(connection, visit, replay_id)


async def _find(connection: AsyncConnection[TupleRow], visit: Visit, replay_id: int) -> Replay:
    chosen = {"replay_id": replay_id, "clinic_id": visit.clinic_id}
    async with connection.cursor(row_factory=class_row(Replay)) as cursor:
        await cursor.execute(_SELECT + where(_CONDITIONS, chosen), chosen)
        found = await cursor.fetchone()
    if found is None:
        raise NoDataFound("there is no such replay")
    return found


_CHOSEN = SQL(
    "p_endpoint_id => %(endpoint_id)s, p_clinic_id => %(clinic_id)s, p_type => %(type)s, p_since => %(since)s,"
    " p_until => %(until)s, p_resource => %(resource)s, p_resource_id => %(resource_id)s, p_rate => %(rate)s,"
    " p_dry_run => %(dry_run)s"
)
_REPLAY = SQL(
    "select replay_id, deliveries from outbound_webhooks.replay({}, p_state => %(state)s,"
    " p_error_class => %(error_class)s)"
).format(_CHOSEN)
_REEVALUATE = SQL("select replay_id, deliveries from outbound_webhooks.reevaluate({})").format(_CHOSEN)
_SELECT: LiteralString = (
    "select r.id as replay_id, r.kind, r.clinic_id, r.endpoint_id, r.event_type, r.delivery_state, r.since, r.until,"
    " r.resource, r.resource_id, r.error_class, r.rate, r.state, r.state_changed_at, r.total, r.moved, r.skipped,"
    " r.started_at, r.started_by, r.actor from outbound_webhooks.replays as r"
)
_CONDITIONS: Mapping[str, LiteralString] = {
    "clinic_id": "r.clinic_id = %(clinic_id)s",
    "replay_id": "r.id = %(replay_id)s",
    "before": "r.id < %(before)s",
    "state": "r.state = %(state)s",
    "kind": "r.kind = %(kind)s",
    "endpoint_id": "r.endpoint_id = %(endpoint_id)s",
}
