"""The receivers that docs/receiving.md shows, behind TLS, and a real dispatcher that delivers payments to them."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import trustme

from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.receivers.front import Front, serve_front
from tests.receivers.programs import Running, run
from tests.support.host import Endpoint, Host


@pytest.fixture
def endpoint(host: Host) -> Endpoint:
    """An endpoint that tries again at once."""
    return host.endpoint("https://localhost/not-yet", retry_schedule=[0, 0, 0])


@pytest.fixture
def receiver(language: str, built: Callable[[str], list[str]], tmp_path: Path, endpoint: Endpoint) -> Iterator[Running]:
    """The receiver of a language, with the endpoint's key."""
    with run(built(language), tmp_path, {"WEBHOOK_KEY": endpoint.secret}) as found:
        yield found


@pytest.fixture
async def front(certificates: tuple[trustme.CA, Path], receiver: Running, host: Host) -> AsyncIterator[Front]:
    """The web server in front of it, to which the endpoint's URL leads."""
    async with serve_front(certificates[0], receiver.port) as found:
        host.rows("update outbound_webhooks.endpoints set url = %s", f"{found.url}/webhooks")
        yield found


async def test_a_payments_way(
    receiver: Running, front: Front, host: Host, endpoint: Endpoint, dispatcher: StartDispatcher
) -> None:
    """Kept as it was written; once, where the answer was lost; and on, while the key changes."""
    front.losses = 1
    async with dispatcher() as seen:
        host.pay()
        await seen.count(AttemptFinished, 2)
        host.rows("select outbound_webhooks.rotate_secret(%s)", endpoint.id)
        host.pay()
        attempts = await seen.count(AttemptFinished, 3)

    events = host.rows("select id::text, body from outbound_webhooks.events order by id")
    assert front.lost == 1
    assert [attempt.result.succeeded for attempt in attempts] == [False, True, True]
    assert receiver.kept() == {str(event["id"]): str(event["body"]).encode() for event in events}
    assert len(events) == 2


async def test_after_the_overlap(
    receiver: Running, front: Front, host: Host, endpoint: Endpoint, dispatcher: StartDispatcher
) -> None:
    """Whoever still has the old key alone refuses then, and the delivery does not count as delivered."""
    host.rows("select outbound_webhooks.rotate_secret(%s, p_overlap => '0 seconds')", endpoint.id)
    async with dispatcher() as seen:
        host.pay()
        attempt = (await seen.count(AttemptFinished))[0]

    assert (attempt.result.status, attempt.result.succeeded) == (401, False)
    assert receiver.kept() == {}
