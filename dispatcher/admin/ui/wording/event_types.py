"""What event types tell of, where we wrote the description: those of a watched table's rules, and of endpoints."""

from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.wording.explanations import Sentences

DESCRIPTIONS: Sentences = (
    (r"A (?P<resource>\w+) was created\.", N_("A %(resource)s was created.")),
    (
        r"(?P<field>\w+) of a (?P<resource>\w+) changed; data\.previous has what it was\.",
        N_("%(field)s of a %(resource)s changed; data.previous has what it was."),
    ),
    (
        r"(?P<field>\w+) of a (?P<resource>\w+) changed to (?P<value>.+); data\.previous has what it was\.",
        N_("%(field)s of a %(resource)s changed to %(value)s; data.previous has what it was."),
    ),
    (
        r"(?P<field>\w+) of a (?P<resource>\w+) grew; data\.previous has what it was\.",
        N_("%(field)s of a %(resource)s grew; data.previous has what it was."),
    ),
    (
        r"(?P<field>\w+) of a (?P<resource>\w+) grew and is below (?P<bound>\w+); data\.previous has what it was\.",
        N_("%(field)s of a %(resource)s grew and is below %(bound)s; data.previous has what it was."),
    ),
    (
        r"An endpoint was disabled: it answered 410, .*",
        N_("An endpoint was disabled: it answered 410, or only failed for days. Only who asks for it by name gets it."),
    ),
    (
        r"An endpoint delivers again that was disabled, .*",
        N_(
            "An endpoint delivers again that was disabled, or whose circuit breaker was open."
            " Only who asks for it by name gets it."
        ),
    ),
    (
        r"Deliveries to an endpoint died: .*",
        N_("Deliveries to an endpoint died: how many, since it was told last. Only who asks for it by name gets it."),
    ),
)
