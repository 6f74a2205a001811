"""What a transaction says of itself, for the tests: a trace, an actor and a request id; and what is none."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.host import Host

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
ACTOR = "user:7f3a"
REQUEST_ID = "req 8b1d/2"
WRITTEN_BY = {"traceparent": TRACEPARENT, "actor": ACTOR, "request_id": REQUEST_ID}
NOBODY = dict.fromkeys(WRITTEN_BY)

# Nothing of these is a traceparent of version 00.
BAD_TRACEPARENTS = {
    "empty": "",
    "uppercase": TRACEPARENT.upper(),
    "zero trace id": f"00-{'0' * 32}-00f067aa0ba902b7-01",
    "zero parent id": f"00-{TRACE_ID}-{'0' * 16}-01",
    "another version": "01" + TRACEPARENT[2:],
    "the version that is none": "ff" + TRACEPARENT[2:],
    "one digit short": TRACEPARENT[:-1],
    "something behind": TRACEPARENT + "-00",
    "a line break behind": TRACEPARENT + "\n",
    "a line break inside": TRACEPARENT[:-1] + "\n",
    "a header behind": TRACEPARENT + "\r\nx-injected: 1",
    "not hexadecimal": TRACEPARENT.replace("4bf", "4bg"),
    "other digits": TRACEPARENT.replace("4", "\N{ARABIC-INDIC DIGIT FOUR}"),
    "moved dashes": TRACEPARENT.replace("-", "", 1) + "-",
    "10 MB": TRACEPARENT * (10_000_000 // len(TRACEPARENT)),
}

# Nor of these an actor or a request id.
BAD_LABELS = {
    "empty": "",
    "a space before": " a",
    "a space behind": "a ",
    "a line break": "a\nb",
    "a line break behind": "a\n",
    "a header behind": "a\r\nx-injected: 1",
    "a tab": "a\tb",
    "an escape sequence": "a\x1b[31mb",
    "delete": "a\x7f",
    "not ASCII": "josé",
    "201 characters": "a" * 201,
    "10 MB": "a" * 10_000_000,
}


def say(host: Host, **settings: str) -> None:
    """Set the transaction's trace, actor or request id, as a host does."""
    for name, value in settings.items():
        host.rows("select length(set_config(%s, %s, true))", "outbound_webhooks." + name, value)


@contextmanager
def told(host: Host, **settings: str) -> Iterator[None]:
    """A transaction that says so of itself."""
    with host.connection.transaction():
        say(host, **settings)
        yield
