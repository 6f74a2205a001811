"""The command audit: what is shown of the log, for people and for programs."""

import json

import pytest

from tests.support.cli import URL, Finished, cli
from tests.support.host import Host

DENIED = (
    "select outbound_webhooks.record_denied('endpoint.retire', 'clinic-2', 'endpoint 7', '{\"role\": \"manager\"}')"
)


@pytest.fixture
def told(host: Host) -> Host:
    """A host where an endpoint was made and paused, for somebody, and somebody was denied something."""
    with host.connection.transaction():
        host.rows(
            "select set_config('outbound_webhooks.actor', 'ana@clinic.example', true),"
            " set_config('outbound_webhooks.request_id', 'req-1', true),"
            " set_config('outbound_webhooks.address', '203.0.113.7', true)"
        )
        created = host.endpoint("https://clinic.example/hooks?token=canary")
        host.rows("select outbound_webhooks.pause_endpoint(%s, 'holidays')", created.id)
    host.rows(DENIED)
    return host


def audit(host: Host, *arguments: str) -> Finished:
    """Run the command."""
    return cli("audit", *arguments, **{URL: host.url})


def actions(host: Host, *arguments: str) -> list[str]:
    """The actions of the lines that the command shows."""
    done = audit(host, "--json", *arguments)
    assert (done.code, done.err) == (0, "")
    return [json.loads(line)["action"] for line in done.out.splitlines()]


def test_for_people(told: Host) -> None:
    """When, what, to what, whose, by whom, from where, in which request; and what was changed."""
    done = audit(told, "--action", "endpoint.paused")
    first, *changes = done.out.splitlines()

    assert (done.code, done.err) == (0, "")
    assert first.endswith(
        "Z  endpoint.paused  endpoint 1 of clinic clinic-1,"
        " by ana@clinic.example as postgres, from 203.0.113.7, request req-1"
    )
    assert changes == ['    state: "active" -> "paused"', '    state_reason: null -> "holidays"']


def test_denied(told: Host) -> None:
    """What was denied is told apart."""
    done = audit(told, "--denied")
    first, *rest = done.out.splitlines()

    assert "  DENIED endpoint.retire  endpoint 7 of clinic clinic-2, by postgres" in first
    assert rest == ['    role: "manager"']


def test_for_programs(told: Host) -> None:
    """One object a line, with every column."""
    (line,) = audit(told, "--json", "--denied").out.splitlines()
    parsed = json.loads(line)

    assert set(parsed) == {
        "id", "at", "database_user", "actor", "request_id", "address", "is_denied", "clinic_id", "action", "subject",
        "details",
    }  # fmt: skip
    assert parsed["details"] == {"role": "manager"}


def test_choices(told: Host) -> None:
    """By clinic, action, all actions on a thing, time, and number: the newest, in their order."""
    mine = ["endpoint.created", "signing_key.issued", "endpoint.paused"]

    assert actions(told, "--clinic", "clinic-1") == mine
    assert actions(told, "--clinic", "clinic-1", "--limit", "2") == mine[1:]
    assert actions(told, "--action", "endpoint.*") == ["endpoint.created", "endpoint.paused", "endpoint.retire"]
    assert actions(told, "--action", "signing_key.issued") == ["signing_key.issued"]
    assert actions(told, "--clinic", "clinic-1", "--since", "2000-01-01", "--until", "2001-01-01") == []
    assert actions(told, "--clinic", "clinic-1", "--since", "2001-01-01") == mine


def test_nothing_to_show(told: Host) -> None:
    """It is said to people; a program gets no line."""
    assert audit(told, "--clinic", "clinic-3").out == "there is nothing of that in the audit log\n"
    assert audit(told, "--clinic", "clinic-3", "--json").out == ""


def test_no_secret(told: Host) -> None:
    """Neither in words nor in JSON."""
    assert "canary" not in audit(told).out + audit(told, "--json").out
    assert "whsec_" not in audit(told).out + audit(told, "--json").out
