"""The views of operators beside a running dispatcher: while a request is out, and once it is gone."""

import asyncio

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.integration.test_crash import Gate
from tests.sql.interleaving import until
from tests.sql.viewing import view
from tests.support.host import Host


async def test_while_a_request_is_out(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """The one dispatcher lives, leads and has it; the endpoint has it in flight, and then a success; it is stopped."""
    gate = Gate()
    receiver.answer_next(gate.answer, path="/a-secret")
    endpoint = host.endpoint(receiver.url + "/a-secret")
    receiver.keys["/a-secret"] = [endpoint.secret]

    async with dispatcher() as seen:
        host.pay()
        await receiver.wait_for_count(1)
        await asyncio.to_thread(until, lambda: view(host, "stat_dispatchers", "is_leader") != [])
        (running,), (out,), (backlog,) = (
            view(host, name) for name in ("stat_dispatchers", "stat_endpoints", "backlog")
        )
        gate.opened.set()
        await seen.count(AttemptFinished)
    (stopped,), (after,) = (view(host, name) for name in ("stat_dispatchers", "stat_endpoints"))

    assert (running["state"], running["delivering"], running["in_flight"]) == ("alive", True, 1)
    assert (out["host"], out["in_flight"], out["pending"]) == (receiver.url.removeprefix("https://"), 1, 0)
    assert (backlog["state"], backlog["deliveries"]) == ("in_flight", 1)
    assert (stopped["state"], stopped["is_leader"], stopped["in_flight"]) == ("stopped", False, 0)
    assert (after["in_flight"], after["attempts"], float(after["success_rate"])) == (0, 1, 1.0)
    assert [view(host, name) for name in ("backlog", "retry_calendar", "stuck_deliveries")] == [[], [], []]
