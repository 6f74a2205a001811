"""What the doctor finds, and its remedies carried out: SQL as it is, a command through the program's own parser."""

import re
import shlex

from dispatcher.__main__ import _parser
from dispatcher.commands.watch_options import watch_parameters
from tests.sql import steps
from tests.support.host import Host

WATCH = "select outbound_webhooks.watch(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
COMMAND = re.compile(r"outbound-webhooks (watch .*)")
# A command takes its time, and a dispatcher without a heartbeat for 15 s is a finding.
LASTING = "update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at + interval '1 hour'"


def make_healthy(host: Host) -> None:
    """An endpoint, and a dispatcher that delivers: a host of which nothing is to be said."""
    host.rows("select outbound_webhooks.set_url_policy(p_internal_urls => false)")
    steps.endpoint(host)
    steps.register(host)
    host.rows("select outbound_webhooks.begin_delivery('drain', 100)")


def findings(host: Host) -> list[steps.Row]:
    """All findings, the worst first."""
    return host.rows("select * from outbound_webhooks.doctor()")


def only_finding(host: Host) -> steps.Row:
    """The one finding that there has to be."""
    found = findings(host)
    assert len(found) == 1, found
    return found[0]


def watch_again(host: Host, remedy: str, column: str | None = None) -> None:
    """Carry out the watch command of a remedy, as a shell would read it; with a column where it asks for one."""
    command = COMMAND.search(remedy)
    assert command is not None, remedy
    words = shlex.split(command[1].replace("COLUMN", column or "COLUMN"))
    host.rows(WATCH, *watch_parameters(_parser().parse_args(words)))


def remedy(host: Host, found: steps.Row, column: str | None = None) -> None:
    """Do what a finding says."""
    text = str(found["remedy"])
    if COMMAND.search(text):
        watch_again(host, text, column)
    else:
        host.rows(text)
