"""The path of one attempt: assemble the request, send, judge, record, observe."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from dispatcher.core.assembly import assemble
from dispatcher.core.model import Delivery, Request, SendResult, Verdict
from dispatcher.core.sealing import Keyring
from dispatcher.core.verdict import judge
from dispatcher.telemetry.observations import AttemptFinished, Observe


@dataclass(frozen=True)
class Seams:
    """What a delivery needs of the world, each a plain callable that a test can replace."""

    send: Callable[[Request], Awaitable[SendResult]]
    record: Callable[[Delivery, SendResult, Verdict], Awaitable[bool]]
    observe: Observe
    now: Callable[[], datetime]
    jitter: Callable[[], float]


async def deliver(delivery: Delivery, keyring: Keyring, user_agent: str, seams: Seams) -> None:
    """Make one attempt of a claimed delivery.

    Raises:
        SealingError, InvalidKey, HeaderRefused: its keys or headers cannot be used; nothing was sent.
        LocalFailure: the request could not leave this machine.
    """
    request = assemble(delivery, keyring, int(seams.now().timestamp()), user_agent)
    result = await seams.send(request)
    verdict = judge(result, delivery, seams.now(), seams.jitter())
    kept = await seams.record(delivery, result, verdict)
    seams.observe(AttemptFinished(delivery, result, verdict, kept))
