"""Dead deliveries, counted by endpoint and by how they ended."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations import delivery_statements
from dispatcher.admin.operations.deliveries import clinic_of_endpoint
from dispatcher.admin.operations.delivery_rows import Choice, ErrorClass
from dispatcher.admin.operations.pages import start, take_turn
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.admin.operations.windows import moment, windows
from dispatcher.db import Pool

MOST_COUNTED = 5000


@dataclass(frozen=True)
class DeadGroup:
    """Deliveries to an endpoint that ended alike.

    Attributes:
        first_event: the id of the oldest event among them.
        last_at: when the last of them was given up.
    """

    endpoint_id: int
    reason: str
    error_class: ErrorClass | None
    http_status: int | None
    deliveries: int
    first_event: UUID
    last_at: datetime

    @property
    def since(self) -> datetime:
        """The time of the oldest event among them."""
        return moment(self.first_event)


@dataclass(frozen=True)
class Dead:
    """The largest group first; `is_all`: False: only the newest MOST_COUNTED were counted."""

    groups: list[DeadGroup]
    is_all: bool


async def group_dead(
    pool: Pool, visit: Visit, endpoint_id: int | None, since: datetime | None, until: datetime | None
) -> Dead:
    """Count the newest dead deliveries, of an endpoint, of events from a time on, and before one; None: whichever."""
    choice = Choice(visit.clinic_id, endpoint_id=endpoint_id, state="dead", since=since, until=until)
    found: list[DeadGroup] = []
    async with of_clinic(pool, visit) as connection:
        now = await start(connection, may_sort=False)
        if endpoint_id is not None:
            choice = replace(choice, clinic_id=await clinic_of_endpoint(connection, endpoint_id))
        for window in windows(now, since, until, None):
            left = MOST_COUNTED - sum(group.deliveries for group in found)
            if left <= 0:
                break
            await take_turn(connection, window.since, now)
            async with connection.cursor(row_factory=class_row(DeadGroup)) as cursor:
                await cursor.execute(*delivery_statements.groups(choice, now, window, left), prepare=False)
                found += await cursor.fetchall()
    is_all = sum(group.deliveries for group in found) < MOST_COUNTED
    return Dead(sorted(_merged(found), key=lambda group: (-group.deliveries, group.endpoint_id)), is_all)


def _merged(found: list[DeadGroup]) -> list[DeadGroup]:
    """Those of several windows that ended alike are one group."""
    merged: dict[tuple[object, ...], DeadGroup] = {}
    for group in found:
        key = (group.endpoint_id, group.reason, group.error_class, group.http_status)
        known = merged.get(key, replace(group, deliveries=0))
        merged[key] = replace(
            group,
            deliveries=known.deliveries + group.deliveries,
            first_event=min(known.first_event, group.first_event),
            last_at=max(known.last_at, group.last_at),
        )
    return list(merged.values())
