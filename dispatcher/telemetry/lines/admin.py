"""The lines of the admin API: one a request, and one for what was wrong with it."""

from dataclasses import asdict

from dispatcher.telemetry import admin_observations as a
from dispatcher.telemetry import observations as o
from dispatcher.telemetry.lines.line import Line, error, info


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
    return None
