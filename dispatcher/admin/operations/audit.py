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
    pool: Pool, visit: Visit, filters: Mapping[str, object], before: tuple[datetime, int] | None, limit: int
) -> list[AuditLine]:
    """So many lines at most, the newest first.

    Args:
        filters: by `action` (endpoint.paused, or endpoint.*), `is_denied`, `since` and `until`; None: whichever.
        before: those that stand behind the line of this time and id.
    """
    at, audit_id = before or (None, None)
    chosen = {**filters, "clinic_id": visit.clinic_id, "before": at, "before_id": audit_id, "limit": limit}
    async with of_clinic(pool, visit) as connection, connection.cursor(row_factory=class_row(AuditLine)) as cursor:
        await cursor.execute(statement(chosen), chosen, prepare=False)  # prepared, it might be planned for any clinic
        return await cursor.fetchall()


def statement(chosen: Mapping[str, object]) -> LiteralString:
    """The statement for what is chosen.

    For each action that is meant, what was done and what was denied stand in an index, in the order of the list: of
    each as many are taken as are asked for, and of these the newest. So a page costs the same, however rare they are.
    """
    asked: list[LiteralString] = [text for name, text in _CONDITIONS.items() if chosen.get(name) is not None]
    lines = _LINES + "".join(f" and {text}" for text in asked) + _NEWEST
    return _named(chosen) + f" cross join lateral ({lines}) as l" + where(_SIDES, chosen) + _IN_ORDER


def _named(chosen: Mapping[str, object]) -> LiteralString:
    """Where the list comes from: the two sides, and the actions, if any are named."""
    action = chosen.get("action")
    if action is None:
        return _BOTH_SIDES
    if not str(action).endswith(".*"):
        return _BOTH_SIDES + _ACTION
    clinic: LiteralString = "" if chosen.get("clinic_id") is None else f" and {_CONDITIONS['clinic_id']}"
    return _actions(clinic) + _BOTH_SIDES + _ACTIONS


def _actions(clinic: LiteralString) -> LiteralString:
    """The actions of a thing that there are in the log: from each to the next one by an index."""
    return _FIRST + clinic + _NEXT + clinic + _ONE_AFTER_ANOTHER


_FIRST: LiteralString = (
    "with recursive found (action) as ((select a.action from outbound_webhooks.audit_log as a where true"
)
_NEXT: LiteralString = (
    " order by a.action limit 1) union all select (select a.action from outbound_webhooks.audit_log as a"
    " where a.action > f.action"
)
_ONE_AFTER_ANOTHER: LiteralString = " order by a.action limit 1) from found as f where f.action is not null) "
_BOTH_SIDES: LiteralString = "select l.* from (values (false), (true)) as d (is_denied)"
_SIDES: Mapping[str, LiteralString] = {"is_denied": "d.is_denied = %(is_denied)s"}
_ACTION: LiteralString = " cross join (values (%(action)s::text)) as n (action)"
_ACTIONS: LiteralString = (
    " cross join (select f.action from found as f where split_part(f.action, '.', 1) || '.*' = %(action)s) as n"
)
_LINES: LiteralString = (
    "select a.id as audit_id, a.at, a.database_user, a.actor, a.request_id, a.address, a.is_denied, a.clinic_id,"
    " a.action, a.subject, a.details from outbound_webhooks.audit_log as a where a.is_denied = d.is_denied"
)
_CONDITIONS: Mapping[str, LiteralString] = {
    "clinic_id": "a.clinic_id = %(clinic_id)s",
    "action": "a.action = n.action",
    "before": "(a.at, a.id) < (%(before)s, %(before_id)s)",
    "since": "a.at >= %(since)s",
    "until": "a.at < %(until)s",
}
_NEWEST: LiteralString = " order by a.at desc, a.id desc limit %(limit)s"
_IN_ORDER: LiteralString = " order by l.at desc, l.audit_id desc limit %(limit)s"
