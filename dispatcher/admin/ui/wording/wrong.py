"""What is wrong with what was asked for, in the words of the models and of the database: a sentence for each pattern.

What no pattern fits is said as it is. Of what a form itself says, which N_() has marked, there is none here.
"""

from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.wording.explanations import Sentences

_VALUES: Sentences = (
    (r"Field required", N_("is needed")),
    (r"Input should be greater than or equal to (?P<least>\d+)", N_("must be at least %(least)s")),
    (r"Input should be less than or equal to (?P<most>\d+)", N_("must be at most %(most)s")),
    (r"(String|List|Dictionary) should have at least 1 (character|item).*", N_("must not be empty")),
    (r"String should have at most (?P<most>\d+) characters?", N_("must have at most %(most)s characters")),
    (r"(List|Dictionary) should have at most (?P<most>\d+) items?.*", N_("must have at most %(most)s entries")),
    (r"String should match pattern '\^\(\\\*\|.*", N_("must be a pattern of event types, such as payment.created")),
    (r"Input should be '.*|must be one of .*", N_("must be one of those that can be chosen")),
    (r"Input should be a valid integer.*|must be a whole number", N_("must be a whole number")),
    (
        r"must be 1 to 200 readable characters, without a space at either end",
        N_("must be 1 to 200 readable characters, without a space at either end"),
    ),
    (
        r"must be at most 200 readable characters, without a space at either end",
        N_("must be at most 200 readable characters, without a space at either end"),
    ),
    (r"must be a time with its zone.*", N_("must be a time")),
    (r"must be text without NUL", N_("must be readable text")),
    (r"(the time is over before it begins|since has to be before until).*", N_("The end must be after the beginning.")),
    (
        r"has more than (?P<most>\d+) bytes as text: .*",
        N_("has more than %(most)s bytes: ask for fewer fields, or filter where events are received"),
    ),
    (
        r"has an array of more than (?P<most>\d+) elements: .*",
        N_("has an array of more than %(most)s elements: name fewer in it; data have to contain all of them anyway"),
    ),
    (r"nothing is chosen.*", N_("Nothing is chosen: name an endpoint, a type, a time or what it is about.")),
)
_URLS: Sentences = (
    (r"a URL must have at most 2048 characters.*", N_("A URL must have at most 2048 characters.")),
    (
        r"a URL must have printable ASCII characters only.*",
        N_("A URL must have printable ASCII characters only: write others percent-encoded."),
    ),
    (
        r"a URL must begin with https://.*",
        N_("A URL must begin with https://, for example https://clinic.example/webhooks."),
    ),
    (
        r"a URL must have no user name and no password.*",
        N_("A URL must have no user name and no password: take out what stands before the @."),
    ),
    (r"a URL must have no fragment.*", N_("A URL must have no fragment: take out the # and what follows it.")),
    (
        r"a URL's host must be a DNS name.*",
        N_("A URL's host must be a DNS name, or an IP address in its usual form."),
    ),
    (
        r"a URL's host must have a public DNS name.*",
        N_("A URL's host must have a public DNS name: this one is of use within a network."),
    ),
    (
        r"a URL's host must be a public address.*",
        N_("A URL's host must be a public address: this one leads inside, or nowhere."),
    ),
    (
        r"a URL's port must be one of these: (?P<ports>[^.]*).*",
        N_("A URL's port must be one of these: %(ports)s. Without one it is 443."),
    ),
    (
        r"has .* in the place of a query that you are not shown.*",
        N_("It has a query that you are not shown: leave the URL as it is, or write all of it."),
    ),
)
_HEADERS: Sentences = (
    (r"the header (?P<name>\S+) is named twice", N_("The header %(name)s is named twice.")),
    (
        r"an endpoint has at most (?P<most>\d+) headers of its own",
        N_("An endpoint has at most %(most)s headers of its own."),
    ),
    (
        r"the headers of an endpoint have at most (?P<most>\d+) bytes together",
        N_("The headers of an endpoint have at most %(most)s bytes together."),
    ),
    (
        r"the name of a header has at most (?P<most>\d+) bytes",
        N_("The name of a header has at most %(most)s bytes."),
    ),
    (
        r"the name of a header has letters, digits and .* only",
        N_("The name of a header has letters, digits, hyphens and few other characters."),
    ),
    (
        r"the value of the header (?P<name>\S+) has at most (?P<most>\d+) bytes",
        N_("The value of the header %(name)s has at most %(most)s bytes."),
    ),
    (
        r"the value of the header (?P<name>\S+) is printable ASCII.*",
        N_("The value of the header %(name)s is printable ASCII, with spaces and tabs only inside of it."),
    ),
    (
        r"the header authorization is a scheme, a space and credentials",
        N_("The header authorization is a scheme, a space and credentials."),
    ),
    (
        r"a bearer token has letters, .*",
        N_("A bearer token has letters, digits and -._~+/ only, and = only at its end."),
    ),
    (
        r"basic credentials are the base64.*",
        N_("Basic credentials are the base64 of a user, a colon and a password."),
    ),
    (r"the header (?P<name>\S+) cannot be set: (?P<why>.+)", N_("The header %(name)s cannot be set: %(why)s.")),
)
# Why a header cannot be set, in the words of core/headers.py.
HEADER_REASONS = (
    N_("every request has one of its own"),
    N_("it describes the body, which is not yours"),
    N_("it is of the trace in which the event was written"),
    N_("it is about the connection, which is not yours"),
    N_("a request is of no session: use authorization"),
    N_("it says where a request came from, or is meant to go"),
    N_("metadata services of clouds obey it"),
    N_("it makes the answer depend on something else than the event"),
    N_("it would be the same in every attempt: there is webhook-timestamp"),
)
_STATES: Sentences = (
    (
        r"clinic .* has as many endpoints as .* allows",
        N_("The clinic has as many endpoints as it may have. Retire one that is not needed any more."),
    ),
    (
        r"(?P<most>\d+) API keys are in use .*",
        N_("%(most)s API keys are in use, which is the most. Revoke one that is not needed any more."),
    ),
    (
        r"endpoint \d+ has (?P<most>\d+) keys that sign, which is the most",
        N_("%(most)s keys sign already, which is the most. Wait until the first one ends, or revoke one."),
    ),
    (
        r"signing key (?P<key>\d+) is the only one of endpoint \d+",
        N_("Signing key %(key)s is the only one of the endpoint. Rotate it without an overlap instead."),
    ),
    (r"endpoint \d+ of delivery \d+ is retired", N_("Its endpoint is retired.")),
    (r"endpoint \d+ of delivery \d+ is paused", N_("Its endpoint is paused. Resume it: that sends what is kept.")),
    (r"endpoint \d+ of delivery \d+ is disabled", N_("Its endpoint is disabled. Resume it: that sends what is kept.")),
    (r"the event of delivery \d+ is gone.*", N_("Its event is gone: it is older than what is kept.")),
    (r"delivery \d+ is in flight.*", N_("It is on its way: its result decides.")),
    (r"delivery \d+ has ended: .*", N_("It has ended already.")),
    (
        r"delivery \d+ is parked: the circuit breaker.*",
        N_("It is kept: the endpoint is stopped by its circuit breaker."),
    ),
    (r"delivery \d+ is parked: .*", N_("It is kept: the endpoint was resumed, and is being sent what was kept.")),
    (
        r"delivery \d+ waits behind delivery (?P<older>\d+) .*",
        N_("It waits behind delivery %(older)s, which is about the same: the endpoint keeps order."),
    ),
    (r"replay \d+ is done", N_("The replay is done.")),
    (r"a reason is needed.*", N_("A reason is needed.")),
    (r"Other deliveries are being counted.*", N_("Other deliveries are being counted. Try again.")),
    (r"Too many tests wait for their answer.*", N_("Too many tests wait for their answer. Try again.")),
    (r"Nothing was sent: this process is too busy.*", N_("Nothing was sent: this process is too busy. Try again.")),
    (r"This service sends nothing: .*", N_("This service sends nothing: sending is switched off for it.")),
    (
        r"Nothing was sent: a signing key or a header.*",
        N_("Nothing was sent: a signing key or a header of the endpoint cannot be used."),
    ),
    (
        r"The endpoint has headers, which are not yours.*",
        N_("The endpoint has headers, which are not yours to send to another URL."),
    ),
)

WRONG: Sentences = (*_VALUES, *_URLS, *_HEADERS, *_STATES)
