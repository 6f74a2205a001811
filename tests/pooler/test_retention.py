"""Retention needs a direct connection: through a pooler it is refused before it sets or does anything."""

import pytest

from dispatcher.db import RightsMissing, as_owner
from dispatcher.telemetry.observations import MaintenanceHindered, RetentionFinished
from tests.conftest import StartDispatcher
from tests.pooler.conftest import Application, application
from tests.support.days import add_day, ago, name_of, tables
from tests.support.host import Host
from tests.support.pgbouncer import PgBouncer


async def refusal(app: Application) -> str:
    """What is said to who would work as the owner."""
    with pytest.raises(RightsMissing) as refused:
        async with as_owner(app.url):
            pass
    return str(refused.value)


async def test_refused_in_either_mode(host: Host, session_pooler: PgBouncer, transaction_pooler: PgBouncer) -> None:
    """A lock timeout would be the host's next statement's in the one, and is not told from that in the other."""
    said = [await refusal(application(host, pooler)) for pooler in (session_pooler, transaction_pooler)]

    assert said == 2 * [
        (
            "the connection leads through a pooler, where no lock timeout can be set:"
            " name a direct one in OUTBOUND_WEBHOOKS_LISTEN_DATABASE_URL"
        )
    ]


async def test_it_says_so(host: Host, dispatcher: StartDispatcher, transaction_pooler: PgBouncer) -> None:
    """A dispatcher whose only URL leads through a pooler delivers, drops nothing, and says what is missing."""
    app, day = application(host, transaction_pooler), ago(host, 40)
    add_day(host, day, "events")

    async with dispatcher(enabled=False, database_url=app.secret_url) as seen:
        (hindered,) = await seen.count(MaintenanceHindered)

    assert hindered.task == "retention"
    assert "name a direct one" in hindered.reason
    assert seen.of(RetentionFinished) == [RetentionFinished(1)]
    assert name_of("events", day) in tables(host)
