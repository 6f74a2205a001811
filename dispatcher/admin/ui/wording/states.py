"""States, reasons and classes of errors."""

from collections.abc import Mapping

from dispatcher.admin.ui.language import N_

DELIVERY_STATES: Mapping[str, str] = {
    "pending": N_("Waiting"),
    "in_flight": N_("On its way"),
    "parked": N_("Kept"),
    "succeeded": N_("Delivered"),
    "dead": N_("Given up"),
    "cancelled": N_("Cancelled"),
}
ENDPOINT_STATES: Mapping[str, str] = {
    "active": N_("Active"),
    "failing": N_("Failing"),
    "open": N_("Stopped by its circuit breaker"),
    "half_open": N_("Being tried"),
    "paused": N_("Paused"),
    "disabled": N_("Disabled"),
    "retired": N_("Retired"),
}
ERROR_CLASSES: Mapping[str, str] = {
    "timeout": N_("No answer in time"),
    "connect": N_("No connection"),
    "tls": N_("TLS failed"),
    "dns": N_("Host name not found"),
    "blocked_address": N_("Address not allowed"),
    "http_status": N_("Answered with an error"),
    "protocol": N_("The answer is no HTTP"),
}
ATTEMPT_REASONS: Mapping[str, str] = {
    "first": N_("First attempt"),
    "retry": N_("Retry"),
    "manual": N_("Sent by hand"),
    "probe": N_("Probe"),
    "test": N_("Test"),
}
OUTCOMES: Mapping[str, str] = {
    "succeeded": N_("Succeeded"),
    "failed": N_("Failed"),
    "lost": N_("Nobody knows its answer"),
}
REPLAY_STATES: Mapping[str, str] = {"running": N_("Running"), "stopped": N_("Stopped"), "done": N_("Done")}
REPLAY_KINDS: Mapping[str, str] = {"replay": N_("Replay"), "reevaluation": N_("Reevaluation")}
ROLES: Mapping[str, str] = {"owner": N_("Owner"), "manager": N_("Manager"), "operator": N_("Operator")}
