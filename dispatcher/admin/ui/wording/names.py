"""What the audit log calls things, and who did something: names that we made, for people. Names of others stay."""

from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.wording.explanations import Sentences

NAMES: Sentences = (
    (r"endpoint (?P<id>\d+)", N_("endpoint %(id)s")),
    (r"delivery (?P<id>\d+)", N_("delivery %(id)s")),
    (r"deliveries", N_("deliveries")),
    (r"replay (?P<id>\d+)", N_("replay %(id)s")),
    (r"(API|api) key (?P<id>\d+)", N_("API key %(id)s")),
    (r"portal session (?P<id>\d+)", N_("session %(id)s")),
    (r"portal session (?P<id>\d+) of API key (?P<key>\d+)", N_("session %(id)s of API key %(key)s")),
    (
        r"signing key (?P<id>\d+) of endpoint (?P<endpoint>\d+)",
        N_("signing key %(id)s of endpoint %(endpoint)s"),
    ),
    (r"header (?P<name>\S+) of endpoint (?P<endpoint>\d+)", N_("header %(name)s of endpoint %(endpoint)s")),
    (r"an endpoint to be", N_("an endpoint to be")),
    (r"source (?P<name>\S+)", N_("watched table %(name)s")),
    (r"event type (?P<name>\S+)", N_("event type %(name)s")),
    (r"settings", N_("settings")),
    (r"capture error (?P<id>\d+)", N_("capture error %(id)s")),
    (r"capture errors", N_("capture errors")),
)
