"""The path of one attempt: open the keys and headers, build, send, judge, record, observe."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from dispatcher.core.envelope import build
from dispatcher.core.headers import check_headers
from dispatcher.core.model import Delivery, Header, Request, SendResult, Verdict
from dispatcher.core.sealing import HEADER, SIGNING_KEY, Keyring, purpose_of, unseal
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
    keys = [open_key(keyring, delivery, secret) for secret in delivery.secrets]
    headers = check_headers((header.name, open_header(keyring, delivery, header)) for header in delivery.headers)
    request = build(delivery, keys, headers, int(seams.now().timestamp()), user_agent)
    result = await seams.send(request)
    verdict = judge(result, delivery, seams.now(), seams.jitter())
    kept = await seams.record(delivery, result, verdict)
    seams.observe(AttemptFinished(delivery, result, verdict, kept))


def open_key(keyring: Keyring, delivery: Delivery, secret: str) -> str:
    """A signing key in clear; one that a DBA inserted is not sealed yet for a minute."""
    if secret.startswith("whsec_"):
        return secret
    return unseal(keyring, purpose_of(SIGNING_KEY), delivery.clinic_id, delivery.endpoint_id, secret)


def open_header(keyring: Keyring, delivery: Delivery, header: Header) -> str:
    """The value of a header in clear; it is not sealed yet for a minute after it was set."""
    if header.sealed is None:
        return header.value or ""
    return unseal(keyring, purpose_of(HEADER, header.name), delivery.clinic_id, delivery.endpoint_id, header.sealed)
