"""Tests of endpoints on record: what is handed over to send one, and what came of it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb
from pydantic import Field

from dispatcher.core.model import Delivery, Header, Outcome, SendResult
from dispatcher.db import Pool


@dataclass(frozen=True)
class SentRequest:
    """The request as it was sent."""

    headers: Annotated[
        dict[str, str], Field(description="By name in lower case; the values of the endpoint's own are [redacted].")
    ]
    body: Annotated[str, Field(description="The exact text that was signed.")]


@dataclass(frozen=True)
class SentTest:
    """A test that was sent, and what came of it."""

    succeeded: Annotated[bool, Field(description="Whether it was answered with a 2xx status.")]
    event_id: Annotated[str, Field(description="The webhook-id.")]
    endpoint_id: Annotated[int | None, Field(description="null: there is no such endpoint yet.")]
    delivery_id: Annotated[int | None, Field(description="On record as this delivery; null: on none.")]
    http_status: Annotated[int | None, Field(description="Of the answer; null: there was none.")]
    error_class: Annotated[str | None, Field(description="Why it failed, as attempts have it.")]
    note: Annotated[str | None, Field(description="What else is worth knowing: body_truncated, ...")]
    started_at: datetime
    duration_ms: Annotated[int, Field(description="From connecting to the last byte read.")]
    content_type: str | None
    response_excerpt: Annotated[
        str | None,
        Field(description="The first KB of the body of an answer that was not 2xx; for owners only. Do not trust it."),
    ] = field(repr=False)
    request: SentRequest


async def begin_test(
    connection: AsyncConnection[TupleRow], endpoint_id: int, clinic_id: str | None, environment: str
) -> Delivery:
    """Put a test on record; returns it as a dispatcher gets a delivery that it claimed.

    Args:
        connection: of the admin role; what is written counts once its transaction is committed.
        clinic_id: only if the endpoint is this clinic's; None: whosever it is.
        environment: in which this process sends.

    Raises:
        psycopg.errors.NoDataFound: there is no such endpoint, or it is another clinic's.
        psycopg.errors.ObjectNotInPrerequisiteState: it is retired, or nothing is sent at this moment.
    """
    cursor = await connection.cursor(row_factory=dict_row).execute(
        "select delivery_id, endpoint_id, clinic_id, event_id, event_type, body, created_at, lease_token, url,"
        " timeout_seconds, secrets, headers, traceparent, request_id from outbound_webhooks.begin_test(%s, %s, %s)",
        (endpoint_id, clinic_id, environment),
    )
    row = await cursor.fetchone()
    assert row is not None
    return _delivery(row)


def _delivery(row: dict[str, Any]) -> Delivery:
    return Delivery(
        id=row["delivery_id"],
        endpoint_id=row["endpoint_id"],
        clinic_id=row["clinic_id"],
        event_id=str(row["event_id"]),
        event_type=row["event_type"],
        body=row["body"],
        created_at=row["created_at"],
        lease_token=row["lease_token"],
        attempt_number=1,
        failure_count=0,
        url=row["url"],
        timeout_seconds=row["timeout_seconds"],
        is_probe=False,
        is_suspect=False,
        retry_schedule=None,
        secrets=tuple(row["secrets"] or ()),
        headers=tuple(Header(*parts) for parts in row["headers"] or ()),
        traceparent=row["traceparent"],
        request_id=row["request_id"],
    )


async def end_test(pool: Pool, delivery: Delivery, result: SendResult | None) -> None:
    """Write down what came of a test; None: nothing was sent."""
    try:
        await _end(pool, delivery, result)
    except (psycopg.DataError, psycopg.IntegrityError):
        # It may be what a receiver wrote, as where the encoding is not UTF-8: what came of it is not lost by that.
        if result is None or (result.content_type, result.excerpt) == (None, None):
            raise
        await _end(pool, delivery, replace(result, content_type=None, excerpt=None))


async def _end(pool: Pool, delivery: Delivery, result: SendResult | None) -> None:
    values = None if result is None else Jsonb(_values(result))
    async with pool.connection() as connection:
        await connection.execute(
            "select outbound_webhooks.end_test(%s, %s, %s, %s)",
            (delivery.id, delivery.lease_token, delivery.created_at, values),
        )


def _values(result: SendResult) -> dict[str, object]:
    return {
        "outcome": Outcome.SUCCEEDED if result.succeeded else Outcome.FAILED,
        "error_class": result.error_class,
        "http_status": result.status,
        "started_at": result.started_at.isoformat(),
        "duration_ms": result.duration_ms,
        "note": result.note,
        "content_type": result.content_type,
        "response_excerpt": result.excerpt,
    }


async def note_trial(connection: AsyncConnection[TupleRow], delivery: Delivery) -> None:
    """Note in the audit log that a test goes to where an endpoint is to be."""
    await connection.execute(
        "select outbound_webhooks.note_trial(%s, %s, %s)", (delivery.clinic_id, delivery.url, delivery.event_id)
    )
