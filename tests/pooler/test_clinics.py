"""Transactions for one clinic each, through a pooler in transaction mode: nothing of one is left to the next."""

import asyncio
from collections.abc import Iterator

import pytest

from dispatcher.db import CLINIC_ROLE, Caller, Pool, clinic_transaction, open_pool
from tests.pooler.conftest import APP, application
from tests.sql import steps
from tests.support.host import Host
from tests.support.pgbouncer import PgBouncer

CLINICS = ("clinic-1", "clinic-2")
CLIENTS = 4  # more than the sessions that they share
TURNS = 15  # of each client

SEEN = """
    select current_user::text, array(select distinct clinic_id from outbound_webhooks.endpoints order by 1),
        array(select distinct clinic_id from outbound_webhooks.events order by 1)
"""


@pytest.fixture
def two_clinics(host: Host) -> Iterator[Host]:
    """An endpoint and an event of each; the application's login may work for clinics."""
    for clinic in CLINICS:
        steps.endpoint(host, clinic)
        host.pay(clinic)
    host.rows(f"grant {CLINIC_ROLE} to {APP}")
    yield host
    host.rows(f"revoke {CLINIC_ROLE} from {APP}")


async def work_for(pool: Pool, client: int) -> list[tuple[object, ...]]:
    """One clinic after the other, in turn: what each transaction was to see, and what it saw."""
    found: list[tuple[object, ...]] = []
    for turn in range(TURNS):
        clinic = CLINICS[(client + turn) % 2]
        async with clinic_transaction(pool, Caller([clinic], f"client {client}")) as connection:
            row = await (await connection.execute(SEEN)).fetchone()
        found.append((clinic, row))
    return found


async def test_each_sees_its_own(two_clinics: Host, transaction_pooler: PgBouncer) -> None:
    """Two clinics take turns on shared sessions: each sees its own rows, and the next client is the login again."""
    app = application(two_clinics, transaction_pooler)

    async with open_pool(app.url, CLIENTS) as pool, asyncio.TaskGroup() as group:
        clients = [group.create_task(work_for(pool, client)) for client in range(CLIENTS)]
    found = [turn for client in clients for turn in client.result()]
    states = await app.states()

    assert found == [(clinic, (CLINIC_ROLE, [clinic], [clinic])) for clinic, _ in found]
    assert {clinic for clinic, _ in found} == set(CLINICS)
    assert [(state["current_user"], state["session_user"]) for state in states] == [(APP, APP)] * len(states)
