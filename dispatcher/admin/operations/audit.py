"""The audit log: what was changed, and what was denied."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, LiteralString

from psycopg.rows import class_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.admin.operations.where import where
from dispatcher.db import Pool


@dataclass(frozen=True)
class AuditLine:
    """What somebody did, or was denied."""

    audit_id: int
    at: datetime
    database_user: Annotated[str, Field(description="Who logged in to the database.")]
    actor: Annotated[str | None, Field(description="Who stands behind that: a user, a session or a key.")]
    request_id: str | None
    address: Annotated[str | None, Field(description="Where it came from.")]
    is_denied: Annotated[bool, Field(description="True: it was tried and denied; action is what was tried.")]
    clinic_id: Annotated[str | None, Field(description="Null: the platform's.")]
    action: str
    subject: Annotated[str, Field(description="What it was done to: endpoint 7.")]
    details: Annotated[dict[str, Any], Field(description="What was changed, before and after; or what was chosen.")]


async def list_audit_lines(
    pool: Pool, visit: Visit, filters: Mapping[str, object], before: int | None, limit: int
) -> list[AuditLine]:
    """So many lines at most, the newest first.

    Args:
        filters: by `action` (endpoint.paused, or endpoint.*), `is_denied`, `since` and `until`; None: whichever.
        before: those with a smaller id than this.
    """
    chosen = {**filters, "clinic_id": visit.clinic_id, "before": before, "limit": limit}
    async with of_clinic(pool, visit) as connection, connection.cursor(row_factory=class_row(AuditLine)) as cursor:
        await cursor.execute(_SELECT + where(_CONDITIONS, chosen) + " order by a.id desc limit %(limit)s", chosen)
        return await cursor.fetchall()


_SELECT: LiteralString = (
    "select a.id as audit_id, a.at, a.database_user, a.actor, a.request_id, a.address, a.is_denied, a.clinic_id,"
    " a.action, a.subject, a.details from outbound_webhooks.audit_log as a"
)
_CONDITIONS: Mapping[str, LiteralString] = {
    "clinic_id": "a.clinic_id = %(clinic_id)s",
    "before": "a.id < %(before)s",
    "action": "(a.action = %(action)s or split_part(a.action, '.', 1) || '.*' = %(action)s)",
    "is_denied": "a.is_denied = %(is_denied)s",
    "since": "a.at >= %(since)s",
    "until": "a.at < %(until)s",
}
