"""Reasons and remarks of ours that are kept as text, for people. What people wrote themselves is shown as it is."""

from collections.abc import Mapping

from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.wording.explanations import Sentences
from dispatcher.core.model import Note

# Why a delivery is dead or cancelled, and why an endpoint is disabled: they stand in sentences.
REASONS: Sentences = (
    (r"attempts exhausted|no attempts left", N_("no attempts are left")),
    (r"parked for longer than (?P<span>.*)", N_("it was kept for longer than %(span)s")),
    (r"more than (?P<count>\d+) parked", N_("more than %(count)s were kept for the endpoint")),
    (r"endpoint retired", N_("the endpoint was retired")),
    (r"cancelled by hand", N_("cancelled by hand")),
    (r"a test is sent once", N_("a test is sent once")),
    (r"a test whose answer was not recorded", N_("a test whose answer was not recorded")),
    (r"a test that was not sent", N_("a test that was not sent")),
    (r"only failures since (?P<time>.*)", N_("only failures since %(time)s")),
    (r"(the receiver )?answered 410 Gone", N_("the receiver answered 410 Gone")),
)
# Why a delivery is kept.
KEPT: Mapping[str, str] = {
    "paused": N_("the endpoint was paused"),
    "disabled": N_("the endpoint was disabled"),
    "breaker": N_("the endpoint's last attempts failed"),
}
# Remarks on attempts.
NOTES: Mapping[str, str] = {
    "late": N_("The answer came too late to count."),
    Note.BODY_CUT: N_("The answer was longer than what is read of one."),
    Note.BODY_TRUNCATED: N_("The answer broke off, or its end came too late."),
    Note.EXCERPT_WITHHELD: N_("The answer repeats a secret of the request, and is not kept."),
    Note.SENT_AGAIN: N_("The receiver ended a connection that was kept; it was sent again on a new one."),
}
# Why a replay left deliveries as they are.
OBSTACLES: Mapping[str, str] = {
    "endpoint paused": N_("Their endpoint is paused"),
    "endpoint disabled": N_("Their endpoint is disabled"),
    "endpoint retired": N_("Their endpoint is retired"),
    "event gone": N_("Their event is gone: it is older than what is kept"),
}
