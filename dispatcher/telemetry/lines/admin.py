"""The lines of the admin API: one a request, one for what was wrong with it, and one for a test that it sent."""

from dataclasses import asdict

from dispatcher.telemetry import admin_observations as a
from dispatcher.telemetry import observations as o
from dispatcher.telemetry.lines.line import Line, error, info, warning


def admin_line(observation: o.Observation) -> Line | None:
    """None, if it is about something else. Who shows nothing that is known is one of many at the same address."""
    match observation:
        case a.AdminStarted(host, port):
            return info("admin.started", host=host, port=port)
        case a.AdminStopped():
            return info("admin.stopped")
        case a.RequestAnswered(who=who, address=address):
            return Line("info", "request.answered", asdict(observation), None if who else (("address", address),))
        case a.AuthenticationRefused(request_id, reason, address):
            fields = {"request_id": request_id, "reason": reason, "address": address}
            return Line("warning", "authentication.refused", fields, (("address", address),))
        case a.RequestFailed(request_id, what, where):
            return error("request.failed", request_id=request_id, error=what, where=where)
        case a.EndpointTested():
            return info(
                "endpoint.tested",
                request_id=observation.request_id,
                webhook_id=observation.event_id,
                delivery=observation.delivery_id,
                endpoint=observation.endpoint_id,
                clinic=observation.clinic_id,
                status=observation.status,
                error=observation.error and str(observation.error),
                duration_ms=observation.duration_ms,
            )
        case a.EndpointNotTested(request_id, clinic_id, reason):
            return warning("endpoint.not_tested", request_id=request_id, clinic=clinic_id, reason=reason)
    return None
