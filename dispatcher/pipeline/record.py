"""Recording: results go to the database in batches, through sql_functions/50_record_attempts.sql."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from dispatcher.core.model import Delivery, SendResult, Verdict
from dispatcher.db import Pool, error_text
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import (
    BreakerChanged,
    DatabaseTrouble,
    EndpointDisabled,
    Observe,
    ResultsFlushed,
    ResultUnrecordable,
)

LINGER_SECONDS = 0.025  # how long the first result of a batch waits for company
BATCH = 200
_WRITTEN_BY_RECEIVERS = ("response_excerpt", "content_type")
MAX_BACKOFF_SECONDS = 1.0  # sooner than a lease runs out, once the database is back


@dataclass(slots=True)
class _Entry:
    delivery: Delivery
    values: dict[str, object]
    kept: asyncio.Future[bool]


class Recorder:
    """Collects results and flushes them; `record` returns once the result is committed.

    A flush that fails is repeated for ever: the answers are known only here. The fencing tokens make the repetition of
    one that did commit harmless.
    """

    def __init__(self, pool: Pool, dispatcher_id: int, observe: Observe) -> None:
        self._pool = pool
        self._dispatcher_id = dispatcher_id
        self._observe = observe
        self._waiting: list[_Entry] = []
        self._arrived = asyncio.Event()
        self._closing = False

    async def record(self, delivery: Delivery, result: SendResult, verdict: Verdict) -> bool:
        """Record one attempt; true if its lease still held, so that it decided where the delivery goes."""
        entry = _Entry(delivery, self._values(delivery, result, verdict), asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        self._arrived.set()
        return await entry.kept

    def close(self) -> None:
        """Let `run` return once everything that was handed in is recorded."""
        self._closing = True
        self._arrived.set()

    async def run(self) -> None:
        """Flush until closed."""
        while self._waiting or not self._closing:
            await self._arrived.wait()
            if len(self._waiting) < BATCH and not self._closing:
                await rest(LINGER_SECONDS)
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            if not self._waiting and not self._closing:
                self._arrived.clear()
            if batch:
                await self._flush(batch)

    async def _flush(self, batch: Sequence[_Entry]) -> None:
        backoff = 0.1
        while True:
            try:
                await self._write(batch)
                return
            except (psycopg.Error, OSError) as error:
                if _refuses_a_value(error):
                    await self._flush_one_by_one(batch, error)
                    return
                self._observe(DatabaseTrouble("record", error_text(error)))
                await rest(backoff)
                backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)

    async def _flush_one_by_one(self, batch: Sequence[_Entry], error: BaseException) -> None:
        """A result that the database refuses must not hold up the others, nor what a receiver wrote its own result."""
        if len(batch) > 1:
            for entry in batch:
                await self._flush([entry])
        elif any(batch[0].values[name] is not None for name in _WRITTEN_BY_RECEIVERS):
            batch[0].values.update(dict.fromkeys(_WRITTEN_BY_RECEIVERS))
            await self._flush(batch)
        else:
            self._observe(ResultUnrecordable(batch[0].delivery, error_text(error)))
            _settle(batch[0], kept=False)

    async def _write(self, batch: Sequence[_Entry]) -> None:
        started = time.perf_counter()
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select lease_token, endpoint_id, change, reason from outbound_webhooks.record_attempts(%s)",
                (json.dumps([entry.values for entry in batch]),),
            )
            rows = await cursor.fetchall()
        kept = {token for token, *_ in rows if token is not None}
        for entry in batch:
            _settle(entry, kept=entry.delivery.lease_token in kept)
        self._observe(ResultsFlushed(len(batch), len(batch) - len(kept), time.perf_counter() - started))
        clinics = {entry.delivery.endpoint_id: entry.delivery.clinic_id for entry in batch}
        for _, endpoint_id, change, reason in rows:
            if change == "disabled":
                self._observe(EndpointDisabled(endpoint_id, clinics[endpoint_id], reason))
            elif change is not None:
                self._observe(BreakerChanged(endpoint_id, clinics[endpoint_id], is_open=change == "breaker opened"))

    def _values(self, delivery: Delivery, result: SendResult, verdict: Verdict) -> dict[str, object]:
        return {
            "delivery_id": delivery.id,
            "lease_token": delivery.lease_token,
            "endpoint_id": delivery.endpoint_id,
            "clinic_id": delivery.clinic_id,
            "number": delivery.attempt_number,
            "outcome": verdict.outcome,
            "error_class": verdict.error_class,
            "http_status": result.status,
            "started_at": result.started_at.isoformat(),
            "duration_ms": result.duration_ms,
            "note": result.note,
            "content_type": result.content_type,
            "response_excerpt": result.excerpt,
            "dispatcher_id": self._dispatcher_id,
            "state": verdict.state,
            "reason": verdict.reason,
            "retry_in": verdict.retry_in,
            "charged": verdict.charged,
            "is_probe": delivery.is_probe,
            "is_notice": delivery.is_notice,
            "slows": verdict.slows,
            "hold": verdict.hold,
            "disable": verdict.disable,
        }


def _refuses_a_value(error: BaseException) -> bool:
    # A missing partition is a check violation too, but names no constraint: that is not the result's fault.
    return isinstance(error, psycopg.DataError) or (
        isinstance(error, psycopg.IntegrityError) and error.diag.constraint_name is not None
    )


def _settle(entry: _Entry, *, kept: bool) -> None:
    if not entry.kept.done():  # its deliver() may have been cancelled meanwhile
        entry.kept.set_result(kept)
