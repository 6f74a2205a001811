"""What was done, as the page after it says: by the code in its URL, so that no URL can put words of its own there."""

from collections.abc import Mapping

from dispatcher.admin.ui.language import N_

DONE: Mapping[str, str] = {
    "signed_out": N_("You are signed out."),
    "signed_out_everywhere": N_("You are signed out everywhere."),
    "endpoint.paused": N_("The endpoint is paused. What is due to it is kept."),
    "endpoint.resumed": N_("The endpoint is resumed."),
    "endpoint.changed": N_("The changes are saved."),
    "endpoint.retired": N_("The endpoint is retired."),
    "signing_key.revoked": N_("The signing key is revoked."),
    "headers.changed": N_("The headers are saved."),
    "delivery.retried": N_("The delivery is sent again."),
    "delivery.cancelled": N_("The delivery is cancelled."),
    "deliveries.cancelled": N_("The deliveries are cancelled."),
    "replay.started": N_("The replay has begun."),
    "replay.stopped": N_("The replay is stopped."),
    "replay.resumed": N_("The replay goes on."),
    "api_key.revoked": N_("The API key is revoked."),
    "switch.changed": N_("The switch is set."),
    "changes.recaptured": N_("The changes are captured."),
}
