"""What explain() answers, for people: a sentence for each code, with what its words tell beside the code.

Of each code there are pairs of a pattern, by which the words are read, and a sentence. The first whose pattern fits is
said; None fits any. Where none does, the words themselves are said.
"""

from collections.abc import Mapping

from dispatcher.admin.ui.language import N_

Sentences = tuple[tuple[str | None, str], ...]

DELIVERED: Mapping[str, Sentences] = {
    "succeeded": (
        (r"delivered, with .*; the answer was (?P<status>.*)", N_("Delivered: it was answered with %(status)s.")),
    ),
    "dead": (
        (
            r"given up after \d+ attempts?: (?P<reason>.*); the last one failed: (?P<failure>.*)",
            N_("Given up: %(reason)s. The last attempt: %(failure)s."),
        ),
        (r"given up after \d+ attempts?: (?P<reason>.*)", N_("Given up: %(reason)s.")),
    ),
    "cancelled": ((r"cancelled after \d+ attempts?: (?P<reason>.*)", N_("Cancelled: %(reason)s.")),),
    "in_flight": ((r"attempt (?P<number>\d+) is on its way.*", N_("Attempt %(number)s is on its way.")),),
    "lease_over": (
        (
            r"attempt (?P<number>\d+) has no result.*",
            N_(
                "Nobody knows the answer to attempt %(number)s, as the process that sent it ended."
                " It is sent again in a moment."
            ),
        ),
    ),
    "unarmed": (
        (
            r"nothing is sent from this database: (?P<why>.+)",
            N_("Nothing is sent from this database, as it may be a copy: %(why)s."),
        ),
    ),
    "switched_off": (
        (r".*, for all dispatchers: (?P<reason>.*)", N_("Sending is switched off for everybody: %(reason)s.")),
        (None, N_("Sending is switched off for everybody.")),
    ),
    "delivery_off": ((None, N_("Sending is off: no process that sends has run lately.")),),
    "no_dispatcher": ((None, N_("No process that sends is running.")),),
    "retired": (
        (r".* about to be cancelled", N_("The endpoint is retired: this delivery is about to be cancelled.")),
        (None, N_("The endpoint was retired before the event.")),
    ),
    "paused": (
        (
            r"the endpoint is paused: (?P<reason>.*); what is due is kept until it is resumed",
            N_("The endpoint is paused: %(reason)s. What is due is kept until it is resumed."),
        ),
        (None, N_("The endpoint is paused. What is due is kept until it is resumed.")),
    ),
    "disabled": (
        (
            r"the endpoint is disabled: (?P<reason>.*); what is due is kept until it is resumed",
            N_("The endpoint was disabled: %(reason)s. What is due is kept until it is resumed."),
        ),
    ),
    "breaker_open": (
        (
            r"(?P<count>\d+) attempts in a row failed.*",
            N_(
                "The endpoint's last attempts failed (%(count)s in a row), so nothing is sent to it"
                " until one delivery has gone to see whether it answers again."
            ),
        ),
    ),
    "probing": ((None, N_("The endpoint's last attempts failed. One delivery is on its way to see.")),),
    "parked": (
        (
            r"it was kept \((?P<kept>.*)\), and is sent again in its turn: the oldest first, (?P<rate>.*) a second",
            N_("It was kept (%(kept)s), and is sent in its turn: the oldest first, %(rate)s a second."),
        ),
    ),
    "retry_after": (
        (None, N_("The receiver asked to be left alone for a while, or something here kept us from sending to it.")),
    ),
    "held_back": (
        (
            r"order is kept: delivery (?P<delivery>\d+) of (?P<about>.*) is older, and not done",
            N_("Order is kept: delivery %(delivery)s about the same (%(about)s) is older, and not done."),
        ),
    ),
    "not_due": ((r"attempt (?P<number>\d+) is due later", N_("Attempt %(number)s is not due yet.")),),
    "full": (
        (
            r"(?P<count>\d+) requests at once .* which may have (?P<most>\d+)",
            N_("As many requests to the endpoint are on their way as it may have at once: %(count)s of %(most)s."),
        ),
    ),
    "rate": (
        (
            r"(?P<rate>\d+) requests a second may go to the endpoint",
            N_("The endpoint's limit for this second is used up: %(rate)s a second."),
        ),
    ),
    "due": ((None, N_("Nothing is in its way: it is sent in a moment.")),),
    "last_attempt": (
        (r"attempt (?P<number>\d+) failed: (?P<failure>.*)", N_("Attempt %(number)s failed: %(failure)s.")),
        (
            r"attempt (?P<number>\d+) was lost.*",
            N_(
                "Nobody knows the answer to attempt %(number)s, as the process that sent it ended."
                " The receiver may have got the request."
            ),
        ),
        (
            r"attempt (?P<number>\d+) succeeded, but .*",
            N_("Attempt %(number)s succeeded too late to count: the receiver gets the event again."),
        ),
    ),
}

NOT_DELIVERED: Mapping[str, Sentences] = {
    "unknown_event": ((None, N_("There is no such event: it never was, or it is older than what is kept.")),),
    "unknown_endpoint": ((None, N_("There is no such endpoint.")),),
    "another_clinic": ((None, N_("The event is one clinic's, and the endpoint another's.")),),
    "created_later": ((None, N_("The endpoint was created after the event.")),),
    "type": (
        (
            r"the endpoint asks for (?P<asked>.*), not for (?P<type>.*)",
            N_("The endpoint asks for %(asked)s, not for %(type)s."),
        ),
    ),
    "filter": (
        (r"the endpoint's filter does not match: (?P<gap>.*)", N_("The endpoint's filter does not match: %(gap)s.")),
    ),
    "about_itself": ((None, N_("An endpoint is not told of itself.")),),
    "not_active": ((None, N_("News about endpoints goes to active endpoints only.")),),
    "not_by_name": (
        (
            r"the endpoint asks for (?P<asked>.*), and \* does not ask for (?P<type>.*)",
            N_("The endpoint asks for %(asked)s. For %(type)s one has to ask by name: * does not mean it."),
        ),
    ),
    "of_a_test": (
        (
            r".* tested, which is (?P<endpoint>\S+), and to no other",
            N_("A test goes to the endpoint that is tested: %(endpoint)s."),
        ),
    ),
    "not_known": ((None, N_("The event is so old that it is not known any more whether the endpoint got it.")),),
    "matches_now": (
        (None, N_("The endpoint would get such an event now: it was changed since, or made at the same time.")),
    ),
}

EXPLANATIONS: Mapping[str, Sentences] = {**DELIVERED, **NOT_DELIVERED}
