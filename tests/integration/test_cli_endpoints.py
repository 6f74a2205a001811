"""create-endpoint, endpoints, pause, resume on the command line."""

import re

import pytest

from tests.support.cli import cli
from tests.support.host import Host

CREATE = ("create-endpoint", "clinic-1", "https://clinic.example/webhooks")


def test_created_with_limits(env: dict[str, str], host: Host) -> None:
    """The options are the endpoint's limits; the key is printed once."""
    done = cli(*CREATE, "--ordered", "--max-in-flight", "4", "--rate", "50", "--timeout", "10", **env)
    (row,) = host.rows(
        "select ordering, max_in_flight, requests_per_second, timeout_seconds from outbound_webhooks.endpoints"
    )

    assert re.fullmatch(r"endpoint 1\nsigning key whsec_\S+\n", done.out)
    assert row == {"ordering": "per_resource", "max_in_flight": 4, "requests_per_second": 50, "timeout_seconds": 10}


def test_paused_and_resumed(env: dict[str, str], host: Host) -> None:
    """The list shows both, and resume says how much was kept and how fast it is sent."""
    none = cli("endpoints", **env)
    cli(*CREATE, **env)
    paused = cli("pause", "1", "--reason", "moving house", **env)
    host.pay()
    host.rows("select outbound_webhooks.settle_deliveries()")
    listed = cli("endpoints", "--clinic", "clinic-1", **env)
    resumed = cli("resume", "1", "--rate", "20", **env)

    assert none.out == "there are no endpoints\n"
    assert paused.out == "endpoint 1 is paused: what is due to it is kept until `resume`\n"
    assert re.split(r"  +", listed.out.splitlines()[1]) == [
        "1", "clinic-1", "paused (moving house)", "closed", "0 of 10", "1", "0", "https://clinic.example/webhooks"
    ]  # fmt: skip
    assert resumed.out == "endpoint 1 is active again\n1 deliveries were kept, and are sent at up to 20 a second\n"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("pause", "7"), 2, "there is no endpoint 7"),
        (("resume", "1"), 2, "endpoint 1 is retired, and cannot be resumed"),
        (("pause", "one"), 2, "one is not a number from 1 on"),
        (("resume", "1", "--rate", "0"), 2, "0 is not a number from 1 on"),
    ],
)
def test_refused(env: dict[str, str], host: Host, arguments: tuple[str, ...], code: int, error: str) -> None:
    """What cannot be done is said, and changes nothing."""
    host.endpoint("https://clinic.example/webhooks")
    host.rows("update outbound_webhooks.endpoints set state = 'retired'")

    done = cli(*arguments, **env)

    assert done.code == code
    assert error in done.err
    assert host.value("select state from outbound_webhooks.endpoints") == "retired"
