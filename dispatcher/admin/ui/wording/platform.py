"""Words of the operators' pages."""

from collections.abc import Mapping

from dispatcher.admin.ui.language import N_

DISPATCHER_STATES: Mapping[str, str] = {
    "alive": N_("Alive"),
    "dead": N_("Silent: crashed or frozen"),
    "stopped": N_("Stopped"),
}
SWITCHES: Mapping[str, str] = {"capture": N_("Capture"), "delivery": N_("Delivery")}
TRIGGERS: Mapping[str, str] = {
    "enabled": N_("In place"),
    "disabled": N_("Disabled"),
    "replica-only": N_("Fires on replicas alone"),
    "missing": N_("Missing"),
}
TROUBLES: Mapping[str, str] = {
    "open": N_("Breaker open"),
    "half_open": N_("Being tried"),
    "disabled": N_("Disabled"),
}
SEVERITIES: Mapping[str, str] = {"problem": N_("Problem"), "warning": N_("Warning"), "note": N_("Note")}
RETENTION: Mapping[str, str] = {
    "events": N_("Events"),
    "finished": N_("Deliveries that succeeded or were cancelled"),
    "dead": N_("Dead deliveries"),
    "attempts": N_("Attempts"),
    "ledger": N_("Recaptured changes"),
    "secrets": N_("Signing keys and sessions that are over"),
    "statistics": N_("Statistics"),
    "audit": N_("Audit log"),
}
CHANGES: Mapping[str, str] = {"INSERT": N_("New row"), "UPDATE": N_("Changed row")}
