"""The lines about deliveries and their endpoints: one an attempt, one a change of state."""

from dispatcher.core.model import Delivery, DeliveryState, Outcome
from dispatcher.core.storms import Subject
from dispatcher.telemetry import observations as o
from dispatcher.telemetry.lines.line import Level, Line, info, warning


def delivery_line(observation: o.Observation) -> Line | None:
    """None, if it is about something else."""
    match observation:
        case o.AttemptFinished():
            return _attempt_line(observation)
        case o.DeliveryReleased(delivery, reason):
            return _about("warning", "delivery.released", delivery, {"reason": reason}, _endpoint(delivery))
        case o.ResultUnrecordable(delivery, error):
            return _about("error", "result.unrecordable", delivery, {"error": error})
        case o.EndpointDisabled(endpoint_id, clinic_id, reason):
            return warning("endpoint.disabled", endpoint=endpoint_id, clinic=clinic_id, reason=reason)
        case o.BreakerChanged(endpoint_id, clinic_id, is_open):
            tell, event = (warning, "breaker.opened") if is_open else (info, "breaker.closed")
            return tell(event, endpoint=endpoint_id, clinic=clinic_id)
    return None


def _attempt_line(attempt: o.AttemptFinished) -> Line:
    """A failure is one of many if its endpoint is in trouble; but not one that ended its delivery."""
    result, verdict = attempt.result, attempt.verdict
    fields: dict[str, object] = {
        "status": result.status,
        "error": verdict.error_class and str(verdict.error_class),
        "note": result.note,
        "duration_ms": result.duration_ms,
        "state": str(verdict.state),
        "retry_in_s": round(verdict.retry_in, 1) if verdict.retry_in else None,
        "reason": verdict.reason,
        "stale": None if attempt.kept else True,
    }
    ended = attempt.kept and verdict.state is DeliveryState.DEAD
    subject = None if ended or verdict.outcome is Outcome.SUCCEEDED else _endpoint(attempt.delivery)
    return _about("info", f"attempt.{verdict.outcome}", attempt.delivery, fields, subject)


def _about(
    level: Level, event: str, delivery: Delivery, fields: dict[str, object], subject: Subject | None = None
) -> Line:
    """A line that can be found by any id of its delivery."""
    ids = {
        "webhook_id": delivery.event_id,
        "event_type": delivery.event_type,
        "delivery": delivery.id,
        "endpoint": delivery.endpoint_id,
        "clinic": delivery.clinic_id,
        "attempt": delivery.attempt_number,
        "trace_id": delivery.trace_id,
        "request_id": delivery.request_id,
    }
    return Line(level, event, ids | fields, subject)


def _endpoint(delivery: Delivery) -> Subject:
    return (("endpoint", delivery.endpoint_id), ("clinic", delivery.clinic_id))
