"""Sending tests: the only requests that the admin API makes, through the dispatchers' own way out (docs/adr/0015)."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.admin.deps import Deps, Sender, Visit
from dispatcher.admin.operations import testing
from dispatcher.admin.operations.testing import SentRequest, SentTest
from dispatcher.admin.operations.transaction import of_visit
from dispatcher.admin.problems import Problem
from dispatcher.core.assembly import assemble
from dispatcher.core.headers import HeaderRefused
from dispatcher.core.model import Delivery, Request, SendResult
from dispatcher.core.redaction import REDACTED
from dispatcher.core.sealing import SealingError
from dispatcher.core.signing import InvalidKey
from dispatcher.egress.errors import LocalFailure
from dispatcher.telemetry.admin_observations import EndpointNotTested, EndpointTested

# Between the look at switches and keys and the request: who revokes a key, or turns delivery off, is promised that
# nothing starts later than 2 s after that.
LONGEST_WAIT_SECONDS = 1.0

# Tests that wait for an answer, each for a minute at most: receivers that hang use up neither our descriptors nor, if
# they are of one clinic, the places of the others.
MOST_OF_A_CLINIC = 10
MOST_AT_ONCE = 100

_SOON = {"Retry-After": "5"}

# Makes an endpoint in a transaction; returns its id, and its signing key.
Make = Callable[[AsyncConnection[TupleRow]], Awaitable[tuple[int, str]]]


@dataclass(frozen=True)
class _Ready:
    """A test that can be sent; `asked` is when it was looked whether it may be, by time.monotonic()."""

    delivery: Delivery
    request: Request
    asked: float


async def send_test(deps: Deps, visit: Visit, endpoint_id: int) -> SentTest:
    """Send a test to an endpoint of the clinic of the request; whosever it is, if it is about none.

    It is on record before it is sent, and what came of it afterwards; what ends this process in between leaves the
    attempt there as lost.

    Raises:
        Problem: nothing was sent.
        psycopg.errors.NoDataFound, ObjectNotInPrerequisiteState: as begin_test.
    """
    with _place(deps, visit) as sender:
        async with of_visit(deps.pool, visit) as connection:
            asked = time.monotonic()
            delivery = await testing.begin_test(connection, endpoint_id, visit.clinic_id, sender.environment)
            test = _ready(deps, visit, sender, delivery, asked)  # what cannot be sent is not put on record
        try:
            result = await _send(deps, visit, sender, test)
        except Problem:
            await testing.end_test(deps.pool, delivery, None)
            raise
        await testing.end_test(deps.pool, delivery, result)
    return _told(deps, visit, test, result, is_made=True)


async def try_endpoint(deps: Deps, visit: Visit, make: Make) -> SentTest:
    """Send a test to where an endpoint is to be. It is made for that, and taken back before anything is sent.

    So all that can be wrong with it is found first, by whatever makes endpoints. A key that was made for it is gone
    with it: the one that is made afterwards is another one. A line of the audit log stays.

    Args:
        make: makes the endpoint in the transaction that it is given, as the admin role.

    Raises:
        Problem: nothing was sent.
        psycopg.Error: as `make`, and as begin_test.
    """
    with _place(deps, visit) as sender:
        async with of_visit(deps.pool, visit) as connection:
            asked = time.monotonic()
            async with connection.transaction(force_rollback=True):
                endpoint_id, _ = await make(connection)
                delivery = await testing.begin_test(connection, endpoint_id, visit.clinic_id, sender.environment)
            test = _ready(deps, visit, sender, delivery, asked)
            await testing.note_trial(connection, delivery)
        result = await _send(deps, visit, sender, test)
    return _told(deps, visit, test, result, is_made=False)


@contextmanager
def _place(deps: Deps, visit: Visit) -> Iterator[Sender]:
    """The way out, with a place among the tests that are under way."""
    sender = deps.sender
    if sender is None:
        raise Problem("sending_off")
    whose = f"clinic {visit.clinic_id}" if visit.clinic_id is not None else visit.principal.limited_as
    if sender.under_way[whose] >= MOST_OF_A_CLINIC or sender.under_way.total() >= MOST_AT_ONCE:
        raise Problem("unavailable", "Too many tests wait for their answer. Try again.", headers=_SOON)
    sender.under_way[whose] += 1
    try:
        yield sender
    finally:
        sender.under_way[whose] -= 1
        if not sender.under_way[whose]:
            del sender.under_way[whose]


def _ready(deps: Deps, visit: Visit, sender: Sender, delivery: Delivery, asked: float) -> _Ready:
    try:
        return _Ready(delivery, assemble(delivery, sender.keyring, int(deps.now()), sender.user_agent), asked)
    except (SealingError, InvalidKey, HeaderRefused) as error:
        deps.observe(EndpointNotTested(visit.request_id, delivery.clinic_id, str(error)))
        raise Problem("unusable_secret") from None


async def _send(deps: Deps, visit: Visit, sender: Sender, test: _Ready) -> SendResult:
    waited = time.monotonic() - test.asked
    try:
        if waited > LONGEST_WAIT_SECONDS:
            raise LocalFailure(f"{waited:.1f} s went by since it was looked whether it may be sent")
        return await sender.send(test.request)
    except LocalFailure as error:
        deps.observe(EndpointNotTested(visit.request_id, test.delivery.clinic_id, str(error)))
        raise Problem("unavailable", "Nothing was sent: this process is too busy. Try again.", headers=_SOON) from None


def _told(deps: Deps, visit: Visit, test: _Ready, result: SendResult, *, is_made: bool) -> SentTest:
    delivery = test.delivery
    own = {header.name.lower() for header in delivery.headers}
    shown = {name: REDACTED if name in own else value for name, value in test.request.headers.items()}
    sent = SentTest(
        succeeded=result.succeeded,
        event_id=delivery.event_id,
        endpoint_id=delivery.endpoint_id if is_made else None,
        delivery_id=delivery.id if is_made else None,
        http_status=result.status,
        error_class=result.error_class,
        note=result.note,
        started_at=result.started_at,
        duration_ms=result.duration_ms,
        content_type=result.content_type,
        response_excerpt=result.excerpt if visit.may("attempt.read_answer") else None,
        request=SentRequest(shown, delivery.body),
    )
    deps.observe(
        EndpointTested(
            visit.request_id, sent.event_id, sent.delivery_id, sent.endpoint_id, delivery.clinic_id,
            sent.http_status, sent.error_class, sent.duration_ms,
        )
    )  # fmt: skip
    return sent
