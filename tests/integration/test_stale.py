"""Two dispatchers, leases that run out, results held back: nothing stale moves a row, no request goes unrecorded."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from dispatcher.demo.receiver import Receiver
from dispatcher.pipeline.record import Recorder
from dispatcher.pipeline.slots import SHARE
from dispatcher.telemetry.observations import AttemptFinished, LeasesFreed
from tests.conftest import StartDispatcher
from tests.sql.steps import let_leases_expire
from tests.support.host import Host

PAYMENTS = 20


@pytest.mark.parametrize("status", [204, 500])
async def test_results_that_come_too_late(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """The second dispatcher takes over and delivers; the first one's answers are attempts, and no more."""
    host.endpoint(receiver.url + "/", max_in_flight=PAYMENTS)
    receiver.answer_next(*[status] * PAYMENTS)
    gate, write = asyncio.Event(), Recorder._write
    first: list[Recorder] = []

    async def held_back(self: Recorder, batch: Sequence[Any]) -> None:
        first.append(self)
        if self is first[0]:
            await gate.wait()
        await write(self, batch)

    monkeypatch.setattr(Recorder, "_write", held_back)
    async with dispatcher(concurrency=SHARE * PAYMENTS) as slow:  # with no room for what it holds once more
        for _ in range(PAYMENTS):
            host.pay()
        await receiver.wait_for_count(PAYMENTS)
        let_leases_expire(host)
        async with dispatcher() as quick:
            await quick.count(AttemptFinished, PAYMENTS)
        before = host.rows("select * from outbound_webhooks.finished_deliveries order by id")
        gate.set()
        late = await slow.count(AttemptFinished, PAYMENTS)
    attempts = host.rows("select delivery_id, number, outcome, note from outbound_webhooks.attempts order by 1, 2")

    assert sum(freed.count for freed in quick.of(LeasesFreed)) == PAYMENTS
    assert not any(attempt.kept for attempt in late)
    assert all(attempt.kept for attempt in quick.of(AttemptFinished))
    assert host.rows("select * from outbound_webhooks.finished_deliveries order by id") == before
    assert {row["state"] for row in before} == {"succeeded"}
    assert len(before) == PAYMENTS
    assert set(Counter(request.webhook_id for request in receiver.received).values()) == {2}
    assert [(row["number"], row["outcome"], row["note"]) for row in attempts] == [
        (1, "succeeded" if status == 204 else "failed", "late"),
        (2, "succeeded", None),
    ] * PAYMENTS
