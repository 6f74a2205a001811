"""What makes each screen of the web UI worth a look: endpoints of every kind, a day of history, and people's deeds.

The history alone is written; all else happens, over the admin API and by payments of the application.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.demo import samples
from dispatcher.demo.dispatching import DispatcherProcess
from dispatcher.demo.history import write_history
from dispatcher.demo.receiver import Receiver
from dispatcher.demo.samples import SAMPLES, Sample
from dispatcher.demo.serving import ServeProcess, make_key

_PAID: LiteralString = """
insert into payment_transactions (clinic_id, checkout_id, provider, amount_cents, currency)
select c, c, 'provider_' || case c when 1 then 'a' else 'b' end, 9900 + n * 500, 'BRL'
from generate_series(1, 2) as c
cross join generate_series(1, 18 / c) as n
returning id
"""
_CHANGED: LiteralString = """
update payment_transactions
set status = case id %% 4 when 0 then 'failed' else 'paid' end::payment_status, updated_at = now()
where id = any (%s)
"""
_REFUNDED: LiteralString = """
update payment_transactions
set refunded_amount_cents = 1000, updated_at = now()
where id = any (%s) and status = 'paid' and id %% 3 = 0
"""
# Somebody changes a table without a thought for what reads it; one payment falls into that time.
_RENAMED: LiteralString = "alter table offers rename column price_cents to price_minor"
_UNTOLD: LiteralString = """
insert into payment_transactions (clinic_id, checkout_id, provider, amount_cents, currency)
values (1, 1, 'provider_a', 12300, 'BRL')
"""
_RENAMED_BACK: LiteralString = "alter table offers rename column price_minor to price_cents"

# How many attempts, by the endpoint and how each left its delivery, until there is enough to look at.
_ENOUGH = {
    (samples.ORDERS.path, "succeeded"): 20,
    (samples.CRM.path, "pending"): 10,
    (samples.REPORTS.path, "dead"): 1,
    (samples.OLD_SHOP.path, "pending"): 1,
    (samples.APPLIANCE.path, "dead"): 1,
}


@dataclass(frozen=True)
class Keys:
    """API keys of the demo."""

    operator: str
    owner: str
    manager: str


@dataclass
class Furnishing:
    """Those who take part."""

    serving: ServeProcess
    dispatcher: DispatcherProcess
    receiver: Receiver
    app: AsyncConnection[TupleRow]
    dba: AsyncConnection[TupleRow]
    keys: Keys

    async def furnish(self) -> int:
        """Do all of it; returns how many deliveries of the history were written, and never made.

        Raises:
            DemoFailed: something was refused, or does not happen in time.
        """
        endpoints = {await self._create(sample): sample for sample in SAMPLES}
        written = await write_history(self.dba, endpoints)
        numbers = {sample.path: number for number, sample in endpoints.items()}
        await self._change_some(numbers)
        self.receiver.answer_next(503, 503, path=_path(samples.ORDERS))
        start = len(self.dispatcher.attempts)
        await self._pay()
        await self._enough(start, endpoints)
        await self._look_after(numbers)
        return written

    async def _create(self, sample: Sample) -> int:
        path = _path(sample)
        port = self.receiver.url.rpartition(":")[2]
        body = {"url": f"https://{sample.host}:{port}{path}", "description": sample.description, **sample.options}
        made = await self._as_operator("POST", f"/endpoints?clinic_id={sample.clinic}", body)
        self.receiver.keys[path] = [made["secret"]]
        self.receiver.always[path] = sample.answer
        endpoint_id: int = made["endpoint_id"]
        return endpoint_id

    async def _change_some(self, numbers: Mapping[str, int]) -> None:
        """What an owner does in a week, and what a manager may not."""
        owner, manager = self.keys.owner, self.keys.manager
        orders, legacy = numbers[samples.ORDERS.path], numbers[samples.LEGACY.path]
        rotated = await self.serving.ask(owner, "POST", f"/endpoints/{orders}/rotate-secret", {})
        self.receiver.keys[_path(samples.ORDERS)].append(rotated["secret"])
        pause = {"reason": "maintenance on their side"}
        await self.serving.ask(manager, "POST", f"/endpoints/{numbers[samples.NEWSLETTER.path]}/pause", pause)
        await self.serving.ask(manager, "DELETE", f"/endpoints/{legacy}", may_fail=True)
        await self.serving.ask(owner, "DELETE", f"/endpoints/{legacy}")
        await self.serving.ask(owner, "PATCH", f"/endpoints/{numbers[samples.CRM.path]}", {"max_in_flight": 5})
        await self.serving.ask(manager, "POST", "/test", {"endpoint_id": orders})

    async def _pay(self) -> None:
        cursor = await self.app.execute(_PAID)
        payments = [row[0] for row in await cursor.fetchall()]
        await self.app.execute(_CHANGED, (payments,))
        await self.app.execute(_REFUNDED, (payments,))
        await self.dba.execute(_RENAMED)
        await self.app.execute(_UNTOLD)
        await self.dba.execute(_RENAMED_BACK)

    async def _enough(self, start: int, endpoints: Mapping[int, Sample]) -> None:
        left = Counter(_ENOUGH)
        async for attempt in self.dispatcher.follow(start):
            sample = endpoints.get(attempt.endpoint_id)
            if sample is not None:
                left[sample.path, attempt.state] -= 1
            if all(left[wanted] <= 0 for wanted in _ENOUGH):
                return

    async def _look_after(self, numbers: Mapping[str, int]) -> None:
        """Send again, as people do once they have seen what is dead: fast, and slowly."""
        again = {"endpoint_id": numbers[samples.BILLING.path], "state": "succeeded", "rate": 100}
        await self.serving.ask(self.keys.owner, "POST", "/replays", again)
        slowly = {"endpoint_id": numbers[samples.APPLIANCE.path], "rate": 1}
        await self._as_operator("POST", f"/replays?clinic_id={samples.OTHER_CLINIC}", slowly)
        await self.serving.ask(self.keys.manager, "POST", "/api-keys", {"role": "owner"}, may_fail=True)

    async def _as_operator(self, method: str, path: str, body: object) -> dict[str, Any]:
        return await self.serving.ask(self.keys.operator, method, path, body)


def _path(sample: Sample) -> str:
    return f"/clinic-{sample.clinic}{sample.path}"


async def make_keys(dba: AsyncConnection[TupleRow]) -> Keys:
    """The keys of a platform's server, and of a clinic's owner and manager."""
    return Keys(
        operator=await make_key(dba, "operator", None, "the platform's server"),
        owner=await make_key(dba, "owner", samples.CLINIC, "the clinic's own program"),
        manager=await make_key(dba, "manager", samples.CLINIC, "the front desk"),
    )
