"""The view of the switches, and what its rows are called."""

from tests.sql import steps
from tests.support.host import Host

CAPTURE_ALL = ("capture", "all")
CAPTURE_SOURCE = ("capture", "source payment_transactions")
CAPTURE_HERE = ("capture", "this transaction")
DELIVERY = ("delivery", "all")
DISPATCHERS = ("delivery", "every dispatcher")


def switches(host: Host) -> dict[tuple[str, str], steps.Row]:
    """The view, by switch and scope."""
    return {
        (str(row["switch"]), str(row["scope"])): row for row in host.rows("select * from outbound_webhooks.switches")
    }


def is_on(host: Host) -> dict[tuple[str, str], bool]:
    """What is on and what is off."""
    return {key: row["is_on"] for key, row in switches(host).items()}
