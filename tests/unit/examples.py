"""Values that tests start from: a delivery, a result, and one observation of every kind."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dispatcher.core.model import Delivery, DeliveryState, ErrorClass, Header, Outcome, SendResult, Verdict
from dispatcher.telemetry import admin_observations as a
from dispatcher.telemetry import observations as o
from dispatcher.telemetry.snapshot import EndpointStats, SourceStats, XminAge

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HEADER_VALUE = "header-value-of-a-clinic"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
REQUEST_ID = "3f0c9a7e"
NOW = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)

_DELIVERY = Delivery(
    id=41,
    endpoint_id=7,
    clinic_id="clinic-1",
    event_id="0195555e-6c00-7000-8000-000000000001",
    event_type="payment_transaction.created",
    body='{"type":"payment_transaction.created","data":{"note":"ação"}}',
    created_at=NOW,
    lease_token=5,
    attempt_number=1,
    failure_count=0,
    url="https://receiver.example/hooks",
    timeout_seconds=30.0,
    is_probe=False,
    is_suspect=False,
    retry_schedule=None,
    secrets=(KEY,),
    headers=(Header("x-api-key", HEADER_VALUE, None),),
    traceparent=TRACEPARENT,
    request_id=REQUEST_ID,
)
_RESULT = SendResult(started_at=NOW, duration_ms=120)


def delivery(**changes: Any) -> Delivery:
    """A first attempt of a delivery by the default schedule, but for the changes."""
    return replace(_DELIVERY, **changes)


def result(status: int | None = None, error: ErrorClass | None = None, **changes: Any) -> SendResult:
    """The result of a request that began at NOW and took 120 ms."""
    return replace(_RESULT, status=status, error=error, **changes)


def attempt(kind: str = "succeeded", *, kept: bool = True) -> o.AttemptFinished:
    """A finished attempt whose delivery thereby succeeded, is to be retried, or is dead."""
    succeeded = Verdict(Outcome.SUCCEEDED, None, DeliveryState.SUCCEEDED)
    retried = Verdict(Outcome.FAILED, ErrorClass.HTTP_STATUS, DeliveryState.PENDING, retry_in=61.26, charged=True)
    exhausted = Verdict(Outcome.FAILED, ErrorClass.TIMEOUT, DeliveryState.DEAD, reason="attempts exhausted")
    answers = {
        "succeeded": (result(status=204), succeeded),
        "retried": (result(status=503, note="body_cut", excerpt="an excerpt of the answer"), retried),
        "dead": (result(error=ErrorClass.TIMEOUT), exhausted),
    }
    return o.AttemptFinished(delivery(), *answers[kind], kept)


def every_observation() -> list[o.Observation]:
    """At least one observation of every kind; attempts of every outcome."""
    return [
        o.DispatcherRegistered(1),
        o.DispatcherStarted(1, "1.2.3", True),
        o.DispatcherStopping(3),
        o.DispatcherStopped(2),
        o.BacklogTreated("drain", 500, 100),
        o.ListenChanged(True, "listening"),
        o.ListenChanged(False, "connection lost"),
        o.ListenChanged(False, "settings.wake_up is poll", wanted=False),
        o.Woken("doorbell"),
        o.LoopLagged(0.002),
        o.PhaseChanged("lingering"),
        o.Claimed(20, 4, 0.005),
        attempt("succeeded"),
        attempt("retried"),
        attempt("dead"),
        attempt("succeeded", kept=False),
        o.EndpointDisabled(7, "clinic-1", "the receiver answered 410 Gone"),
        o.BreakerChanged(7, "clinic-1", True),
        o.BreakerChanged(7, "clinic-1", False),
        o.DeliveryReleased(delivery(), "EMFILE"),
        o.ResultsFlushed(25, 1, 0.004),
        o.ResultUnrecordable(delivery(), "23514 check violation"),
        o.LeadershipChanged(True),
        o.Disarmed("it was never armed"),
        o.PartitionsMade(("events_20260302", "events_20260303")),
        o.PartitionDropped("events_20260101", 81920),
        o.PartitionKept("events", "events_20260102", "canceling statement due to lock timeout (55P03)"),
        o.RowsPurged("capture_errors", 3),
        o.RetentionFinished(1),
        o.TableVacuumed("deliveries", 6000, 10, 0.05),
        o.MaintenanceHindered("retention", "app may not work as outbound_webhooks_owner"),
        o.SecretsSealed(2),
        o.LeasesFreed(3),
        o.ParkedEnded(4),
        o.DeliveriesSettled(9),
        o.ReplayAdvanced(3, "replay", 125, 2, False),
        o.ReplayAdvanced(3, "replay", 7, 0, True),
        o.DatabaseTrouble("claim", "the connection is lost"),
        stats(),
        a.AdminStarted("127.0.0.1", 9463),
        a.AdminStopped(),
        a.RequestAnswered("a1b2c3d4", "GET", "/api/webhooks/me", 200, 3, "API key 7", "clinic-1", "192.0.2.7"),
        a.RequestAnswered("a1b2c3d5", "-", "-", 404, 1, None, None, "192.0.2.7"),
        a.AuthenticationRefused("a1b2c3d6", "API key", "192.0.2.7"),
        a.RequestFailed("a1b2c3d7", "TypeError", "me.py:12"),
        a.EndpointTested("a1b2c3d8", "0195555e-6c00-7000-8000-000000000002", 42, 7, "clinic-1", 204, None, 31),
        a.EndpointTested("a1b2c3d9", "0195555e-6c00-7000-8000-000000000003", None, None, "clinic-1", None, "dns", 5),
        a.EndpointNotTested("a1b2c3da", "clinic-1", "master key k1 is not among the configured ones (k2)"),
    ]


def stats(**changes: Any) -> o.StatsRefreshed:
    """A snapshot of a database where all is well, but for the changes."""
    healthy = o.StatsRefreshed(
        pending=11,
        in_flight=12,
        parked=13,
        due=4,
        oldest_due_seconds=1.5,
        open_capture_errors=0,
        partition_days_ahead=14,
        notify_queue_usage=0.25,
        capture=True,
        delivery=True,
        delivering=True,
        functions_match=True,
        unarmed=None,
        endpoints=(
            endpoint_stats(7, pending=11, in_flight=2, due=4, oldest_due_seconds=1.5),
            endpoint_stats(None, active=40, paused=1, disabled=2, breaker_closed=43, in_flight=10, parked=13),
        ),
        sources=(SourceStats("payment_transactions", True, 0),),
        xmins=(XminAge("session", "901", 3), XminAge("replication_slot", None, 0)),
        taken_at=NOW.timestamp(),
        seconds=0.02,
    )
    return replace(healthy, **changes)


def endpoint_stats(endpoint_id: int | None, **changes: Any) -> EndpointStats:
    """An active endpoint with nothing to do, but for the changes; without an id, the others together."""
    nothing = EndpointStats(
        endpoint_id=endpoint_id,
        clinic_id=None if endpoint_id is None else "clinic-1",
        host=None if endpoint_id is None else "receiver.example",
        active=1,
        paused=0,
        disabled=0,
        breaker_closed=1,
        breaker_open=0,
        breaker_half_open=0,
        pending=0,
        in_flight=0,
        parked=0,
        due=0,
        oldest_due_seconds=0.0,
    )
    return replace(nothing, **changes)
