"""rotate-secret, revoke-secret, secrets and retire on the command line."""

import re

import pytest

from tests.support.cli import cli, refused
from tests.support.host import Host


@pytest.fixture
def endpoint_id(host: Host) -> str:
    """The id of an endpoint."""
    return str(host.endpoint("https://clinic.example/webhooks").id)


def keys(host: Host) -> list[object]:
    """The keys that stand in clear, oldest first."""
    return [row["secret"] for row in host.rows("select secret from outbound_webhooks.endpoint_secrets order by id")]


def test_rotated_listed_and_revoked(env: dict[str, str], host: Host, endpoint_id: str) -> None:
    """The new key is printed, once; the list has both without the keys; what is revoked signs no more."""
    rotated = cli("rotate-secret", endpoint_id, "--overlap", "2 hours", **env)
    host.rows("update outbound_webhooks.endpoint_secrets set secret = null, sealed = 'v1.k1.abc' where id = 1")
    listed = cli("secrets", endpoint_id, **env)
    revoked = cli("revoke-secret", "1", **env)
    afterwards = cli("secrets", endpoint_id, **env)

    assert re.fullmatch(r"secret 2\nsigning key (whsec_\S+)\n", rotated.out)
    assert rotated.err == "the key is not shown again: give it to the receiver\n"
    assert str(keys(host)[1]) in rotated.out
    assert [re.split(r"  +", line) for line in listed.out.splitlines()] == [
        ["secret", "signs", "since", "until", "sealed"],
        ["2", "yes", re.split(r"  +", listed.out.splitlines()[1])[2], "not yet"],
        ["1", "yes", *re.split(r"  +", listed.out.splitlines()[2])[2:4], "with master key k1"],
    ]
    assert "whsec_" not in listed.out
    assert revoked.out == "secret 1 is revoked: within 2 seconds nothing is signed with it any more\n"
    assert [re.split(r"  +", line)[:2] for line in afterwards.out.splitlines()[1:]] == [["2", "yes"], ["1", "no"]]


def test_replaced_at_once(env: dict[str, str], host: Host, endpoint_id: str) -> None:
    """--overlap 0 ends the keys before it."""
    done = cli("rotate-secret", endpoint_id, "--overlap", "0", **env)

    assert done.code == 0
    assert host.value("select count(*) from outbound_webhooks.list_secrets(%s) where is_live", int(endpoint_id)) == 1


def test_retired(env: dict[str, str], host: Host, endpoint_id: str) -> None:
    """It is said what becomes of its deliveries; it is not listed any more."""
    done = cli("retire", endpoint_id, "--reason", "the clinic left", **env)
    listed = cli("endpoints", **env)

    assert done.out == f"endpoint {endpoint_id} is retired: what is due to it is cancelled within seconds\n"
    assert host.rows("select state, state_reason from outbound_webhooks.endpoints") == [
        {"state": "retired", "state_reason": "the clinic left"}
    ]
    assert listed.out == "there are no endpoints\n"


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (("rotate-secret", "4711"), ("there is no endpoint 4711",)),
        (("rotate-secret", "1", "--overlap", "8 days"), ("the overlap must be from 0 to 7 days", "interval '2 hours'")),
        (("rotate-secret", "1", "--overlap", "soon"), ('invalid input syntax for type interval: "soon"',)),
        (("revoke-secret", "1"), ("signing key 1 is the only one of endpoint 1", "makes a new one")),
        (("revoke-secret", "4711"), ("there is no signing key 4711",)),
        (("secrets", "4711"), ("there is no endpoint 4711",)),
        (("retire", "4711"), ("there is no endpoint 4711",)),
        (("retire", "one"), ("one is not a number from 1 on",)),
    ],
)
def test_refused(
    env: dict[str, str], host: Host, endpoint_id: str, arguments: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    """What cannot be done is said, with what can; nothing is changed."""
    before = keys(host)

    done = cli(*arguments, **env)

    assert refused(done, *texts)
    assert keys(host) == before
    assert host.value("select state from outbound_webhooks.endpoints") == "active"
