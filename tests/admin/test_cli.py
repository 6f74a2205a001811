"""api-keys on the command line."""

import re

import psycopg
import pytest

from dispatcher.core.credentials import digest
from tests.support.cli import URL, Finished, cli, refused


def api_keys(database_url: str, *arguments: str) -> Finished:
    """Run `api-keys ...`."""
    return cli("api-keys", *arguments, **{URL: database_url})


def test_create(database_url: str) -> None:
    """The key is printed once, on standard output alone; the database has its digest."""
    done = api_keys(
        database_url, "create", "--role", "owner", "--clinic", "a", "--description", "till", "--expires-days", "7"
    )
    key = done.out.split()[-1]
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select digest, clinic_id, role, description, expires_at - created_at = interval '7 days'"
            " from outbound_webhooks.api_keys"
        ).fetchone()

    assert done.code == 0
    assert re.fullmatch(r"API key 1\nowk_1_[A-Za-z0-9_-]{43}\n", done.out)
    assert key not in done.err
    assert row == (digest(key.split("_", 2)[2]), "a", "owner", "till", True)


def test_list_and_revoke(database_url: str) -> None:
    """The list says whose each key is and whether it is valid, and has no key."""
    with psycopg.connect(database_url) as connection:
        connection.execute("select outbound_webhooks.create_api_key('operator', sha256(''))")
        connection.execute("select outbound_webhooks.create_api_key('manager', sha256(''), 'a')")

    before = api_keys(database_url, "list").out
    revoked = api_keys(database_url, "revoke", "1")
    after = api_keys(database_url, "list").out
    of_a = api_keys(database_url, "list", "--clinic", "a").out

    assert [line.split()[:4] for line in before.splitlines()[1:]] == [
        ["1", "all", "operator", "yes"],
        ["2", "a", "manager", "yes"],
    ]
    assert revoked.code == 0
    assert after.splitlines()[1].split()[3] == "revoked"
    assert len(of_a.splitlines()) == 2


def test_none(database_url: str) -> None:
    """It says so."""
    assert api_keys(database_url, "list", "--clinic", "z").out == "there are no API keys of clinic z\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["create", "--role", "owner"], "every other one needs it"),
        (["create", "--role", "operator", "--clinic", "a"], "an operator's key has no --clinic"),
        (["revoke", "7"], "there is no API key 7"),
    ],
)
def test_what_cannot_be(database_url: str, arguments: list[str], says: str) -> None:
    """Refused, with the reason; nothing is printed that looks like a key."""
    assert refused(api_keys(database_url, *arguments), says)
