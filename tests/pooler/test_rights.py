"""Where no role can be set, the login needs the rights itself: the error says what to grant, and that mends it."""

import signal
from pathlib import Path

import psycopg
import pytest
import trustme
from psycopg.conninfo import conninfo_to_dict

from tests.pooler.conftest import APP, NO_HEIR, ROLE, STRANGER, application
from tests.support import postgres
from tests.support.host import Host
from tests.support.pgbouncer import PgBouncer
from tests.support.process import run_dispatcher
from tests.support.settings import environment


async def refusal(env: dict[str, str]) -> tuple[int, str]:
    """Start a dispatcher that cannot run: its exit code, and what it says."""
    async with run_dispatcher(env) as refused:
        code = await refused.exit_code()
    return code, "\n".join(str(line["text"]) for line in refused.named("text"))


@pytest.mark.parametrize("login", [STRANGER, NO_HEIR])
async def test_a_login_without_rights(
    host: Host,
    server: postgres.TestServer,
    transaction_pooler: PgBouncer,
    certificates: tuple[trustme.CA, Path],
    login: str,
) -> None:
    """Refused at start, with exit code 2; after the statement that the message ends with, it runs."""
    env = environment(application(host, transaction_pooler, login).url, certificates[1])

    refused, message = await refusal(env)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(message.rpartition(": ")[2].encode())
    async with run_dispatcher(env) as running:
        await running.logged("dispatcher.started")
        running.signal(signal.SIGTERM)
        code = await running.exit_code()

    assert refused == 2
    assert "leads through a pooler" in message
    assert f"{login} itself needs the rights of {ROLE}: " in message
    assert code == 0


async def test_not_installed(
    empty_database_url: str, transaction_pooler: PgBouncer, certificates: tuple[trustme.CA, Path]
) -> None:
    """Rights in another database of the server do not make this one an installation."""
    url = transaction_pooler.url(str(conninfo_to_dict(empty_database_url)["dbname"]), APP)

    code, message = await refusal(environment(url, certificates[1]))

    assert code == 2
    assert "is not installed in this database: run outbound-webhooks migrate" in message
