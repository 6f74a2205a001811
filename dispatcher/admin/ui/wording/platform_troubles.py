"""What of the platform keeps webhooks from arriving, or will."""

from collections.abc import Mapping

from dispatcher.admin.ui.language import N_

PLATFORM_TROUBLES: Mapping[str, str] = {
    "unarmed": N_("Nothing is delivered: the database is not armed."),
    "delivery_off": N_("Nothing is delivered: delivery is switched off."),
    "no_dispatcher": N_("Nothing is delivered: no dispatcher that delivers is alive."),
    "capture_off": N_("No change becomes an event: capture is switched off."),
    "not_capturing": N_("Not every watched table is captured."),
    "ledger_open": N_("Some changes could not be captured, and wait in the ledger."),
    "partitions": N_("Partitions are ready for less than three days ahead."),
}
