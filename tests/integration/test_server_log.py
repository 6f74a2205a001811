"""PostgreSQL's own log, on a server that logs every statement with its parameters: no signing key in clear."""

import base64
import re
import secrets
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
import trustme

from dispatcher.admin import testing
from dispatcher.admin.deps import Deps, Options, Visit
from dispatcher.core.identity import Principal, Way
from dispatcher.db import ADMIN_ROLE, open_pool
from dispatcher.demo.receiver import Receiver
from dispatcher.serve import open_sender
from dispatcher.telemetry.observations import AttemptFinished, SecretsSealed
from tests.conftest import StartDispatcher
from tests.support import postgres
from tests.support.cli import cli
from tests.support.host import CLINIC, Host
from tests.support.process import ROOT
from tests.support.seen import Seen
from tests.support.server_log import AS_BY_DEFAULT, ServerLog, talkative_server
from tests.support.settings import MASTER_KEYS, settings_for

INSERT = (
    "insert into outbound_webhooks.endpoint_secrets (clinic_id, endpoint_id, secret, sealed, created_at, valid_until)"
    " values (%s, %s, %s, %s, %s::timestamptz, %s::timestamptz)"
)
NEW_MASTER_KEYS = f"next:{base64.b64encode(bytes(32)).decode()},{MASTER_KEYS}"


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[postgres.TestServer]:
    """A server that logs everything, in the place of the run's."""
    with talkative_server(request.config.getoption("--pg") or None) as found:
        yield found


@pytest.fixture
def log(database_url: str) -> Iterator[ServerLog]:
    """Its log."""
    with closing(ServerLog(database_url)) as found:
        yield found


@pytest.fixture
def dba(host: Host) -> Iterator[psycopg.Connection]:
    """A DBA's session on a server that logs as by default: the statement of an error, and what the error says."""
    with psycopg.connect(host.url, autocommit=True) as connection:
        connection.execute(AS_BY_DEFAULT)
        yield connection


def new_key() -> str:
    """A signing key that nobody has."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def test_it_logs_everything(host: Host, log: ServerLog) -> None:
    """What the tests below look for would be there: a key that is given as a parameter, and one in a statement."""
    given, written = new_key(), new_key()

    host.endpoint("https://clinic.example/", secret=given)
    host.rows(
        f"select outbound_webhooks.create_endpoint('{CLINIC}', 'https://clinic.example/', p_secret => '{written}')"
    )
    found = log.read()

    assert given in found
    assert written in found


async def test_keys_that_we_make(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, env: dict[str, str], log: ServerLog
) -> None:
    """Made, rotated, sealed, used, sealed anew with another master key, revoked: not one of them is logged."""
    endpoint = host.endpoint(receiver.url + "/")
    made = cli("create-endpoint", CLINIC, "https://clinic.example/hooks", **env)
    async with dispatcher() as seen:
        await seen.until(lambda: sum(sealed.count for sealed in seen.of(SecretsSealed)) == 2)
        rotated = cli("rotate-secret", str(endpoint.id), **env)
        await seen.until(lambda: sum(sealed.count for sealed in seen.of(SecretsSealed)) == 3)
        host.pay()
        await seen.count(AttemptFinished)
    resealed = cli("rotate-master-key", **{**env, "OUTBOUND_WEBHOOKS_MASTER_KEYS": NEW_MASTER_KEYS})
    cli("revoke-secret", "1", **env)
    found = log.read()
    keys = [endpoint.secret, *re.findall(r"whsec_\S+", made.out + rotated.out)]

    assert len(keys) == 3
    assert resealed.code == 0
    assert "replace_value" in found
    assert [key for key in keys if key[6:] in found] == []


def broken(endpoint_id: int, key: str) -> dict[str, tuple[object, ...]]:
    """By the constraint that it breaks: what a DBA may insert by mistake, with a key in clear in it."""
    now, sealed = "2026-03-02 09:00+00", "v1.k1.AAAA"
    return {
        "endpoint_secrets_secret_is_whsec": (CLINIC, endpoint_id, key + "!", None, now, None),
        "endpoint_secrets_are_sealed_or_about_to_be": (CLINIC, endpoint_id, key, sealed, now, None),
        "endpoint_secrets_valid_until_is_later": (CLINIC, endpoint_id, key, None, now, now),
        "endpoint_secrets_of_an_endpoint": ("another clinic", endpoint_id, key, None, now, None),
        "clinic_id": (None, endpoint_id, key, None, now, None),
        "endpoint_id": (CLINIC, None, key, None, now, None),
        "created_at": (CLINIC, endpoint_id, key, None, None, None),
    }


CAN_BREAK = """
    select c.name
    from (
        select conname as name, conrelid as relation from pg_constraint where contype in ('c', 'f')
        union
        select attname, attrelid from pg_attribute where attnotnull and attnum > 0 and attname <> 'id'
    ) as c
    where c.relation = ('outbound_webhooks.' || %s)::regclass
"""


def test_nothing_else_can_be_broken(host: Host) -> None:
    """The cases are those of the catalog: every constraint, and every column that may not be null."""
    assert {row["name"] for row in host.rows(CAN_BREAK, "endpoint_secrets")} == set(broken(1, ""))


def test_a_failing_row(host: Host, dba: psycopg.Connection, log: ServerLog) -> None:
    """An INSERT or UPDATE that fails does not repeat the row: neither in the log nor to the client."""
    endpoint = host.endpoint("https://clinic.example/")
    key = new_key()
    told = []

    for values in broken(endpoint.id, key).values():
        with pytest.raises(psycopg.Error) as caught:
            dba.execute(INSERT, values)
        told.append(f"{caught.value} {caught.value.diag.message_detail}")
    with pytest.raises(psycopg.Error) as caught:
        dba.execute("update outbound_webhooks.endpoint_secrets set valid_until = created_at")
    told.append(f"{caught.value} {caught.value.diag.message_detail}")
    found = log.read()

    assert len(told) == 8
    assert [text for text in told if key[6:] in text or endpoint.secret[6:] in text] == []
    assert key[6:] not in found
    assert endpoint.secret[6:] not in found
    assert "a signing key ends after it was made" in found


INSERT_HEADER = (
    "insert into outbound_webhooks.endpoint_headers (clinic_id, endpoint_id, name, value, sealed, set_at)"
    " values (%s, %s, %s, %s, %s, %s::timestamptz)"
)


def broken_header(endpoint_id: int, value: str) -> dict[str, tuple[object, ...]]:
    """The same for headers, with a value in clear; some of it in the place of the sealed one."""
    now, sealed = "2026-03-02 09:00+00", "v1.k1.AAAA"
    return {
        "endpoint_headers_are_sealed_or_about_to_be": (CLINIC, endpoint_id, "x-a", value, sealed, now),
        "endpoint_headers_sealed_is_sealed": (CLINIC, endpoint_id, "x-a", None, value, now),
        "endpoint_headers_of_an_endpoint": ("another clinic", endpoint_id, "x-a", value, None, now),
        "clinic_id": (None, endpoint_id, "x-a", value, None, now),
        "endpoint_id": (CLINIC, None, "x-a", value, None, now),
        "name": (CLINIC, endpoint_id, None, value, None, now),
        "set_at": (CLINIC, endpoint_id, "x-a", value, None, None),
        "the rules": (CLINIC, endpoint_id, "content-type", value, None, now),
        "the value": (CLINIC, endpoint_id, "x-a", value + "\u00e9", None, now),
    }


def test_a_failing_header(host: Host, dba: psycopg.Connection, log: ServerLog) -> None:
    """The same for headers: every constraint, every column that may not be null, and the rules for headers."""
    endpoint = host.endpoint("https://clinic.example/")
    value = f"Bearer {secrets.token_hex(16)}"
    cases = broken_header(endpoint.id, value)
    told = []

    for values in cases.values():
        with pytest.raises(psycopg.Error) as caught:
            dba.execute(INSERT_HEADER, values)
        told.append(f"{caught.value} {caught.value.diag.message_detail}")
    rows = host.rows(CAN_BREAK, "endpoint_headers")

    assert {str(row["name"]) for row in rows} <= cases.keys()
    assert [text for text in told if value[7:] in text] == []
    assert value[7:] not in log.read()


def test_a_failing_row_without_the_trigger(host: Host, dba: psycopg.Connection, log: ServerLog) -> None:
    """The tests above can fail: without our trigger the table's own CHECK writes the key into the log."""
    endpoint = host.endpoint("https://clinic.example/")
    key = new_key()

    dba.execute("set session_replication_role = replica")
    with suppress(psycopg.errors.CheckViolation):
        dba.execute(INSERT, (CLINIC, endpoint.id, key, None, "2026-03-02", "2026-03-01"))

    assert key in log.read()


@pytest.mark.parametrize("option", ["p_ordering => 'fifo'", "p_max_in_flight => null", "p_retry_schedule => '{}'"])
def test_an_endpoint_that_is_refused(host: Host, dba: psycopg.Connection, log: ServerLog, option: str) -> None:
    """A URL may hold a token: the refusal of another option repeats neither it nor the key."""
    token, key = secrets.token_hex(16), new_key()

    with pytest.raises(psycopg.IntegrityError) as caught:
        dba.execute(
            f"select outbound_webhooks.create_endpoint(%s, %s, p_secret => %s, {option})".encode(),
            (CLINIC, f"https://clinic.example/?token={token}", key),
        )
    told = f"{caught.value} {caught.value.diag.message_detail}{log.read()}"

    assert "endpoints" in told
    assert token not in told
    assert key not in told


def test_a_key_that_is_brought_along(host: Host, log: ServerLog) -> None:
    """As docs/secrets.md has it: for one transaction a superuser logs no statement, not even if it fails."""
    endpoint = host.endpoint("https://clinic.example/")
    key, other = new_key(), new_key()
    shown = re.search(r"^    begin;\n(    set local .*\n)+", (ROOT / "docs" / "secrets.md").read_text(), re.MULTILINE)
    assert shown is not None
    quiet = shown[0]

    host.rows(quiet)
    host.rows(f"select secret_id from outbound_webhooks.rotate_secret({endpoint.id}, p_secret => '{key}')")
    host.rows("commit")
    host.rows(quiet)
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        host.rows(f"select secret_id from outbound_webhooks.rotate_secret({endpoint.id}, p_secret => '{other}!')")
    host.rows("rollback")
    found = log.read()

    assert key not in found
    assert other not in found


async def test_tests_of_endpoints(
    host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path], log: ServerLog
) -> None:
    """The admin API is handed keys in clear to sign a test with: none of them is logged."""
    made = host.endpoint(receiver.url + "/")
    receiver.keys["/"] = [made.secret]
    visit = Visit(Principal(Way.API_KEY, "API key 1", is_operator=True, number=1), None, "request-1", "127.0.0.1")
    async with (
        open_sender(settings_for(host.url, certificates[1])) as sender,
        open_pool(host.url, 4, ADMIN_ROLE) as pool,
    ):
        sent = await testing.send_test(Deps(pool, Options(), Seen().observe, sender), visit, made.id)
    found = log.read()

    assert sent.succeeded
    assert receiver.received[0].verified
    assert "begin_test" in found
    assert made.secret[6:] not in found
