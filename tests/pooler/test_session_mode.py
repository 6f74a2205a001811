"""Through a pooler in session mode everything works, the doorbell too."""

from dispatcher.db import connect, is_pooled
from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished, DatabaseTrouble, ListenChanged, Woken
from tests.conftest import StartDispatcher
from tests.integration.test_wake import asleep
from tests.pooler.conftest import application
from tests.support.host import Host
from tests.support.pgbouncer import PgBouncer
from tests.support.promises import until_writes_ring

PAYMENTS = 20
# What pgbouncer itself passes on, such as application_name and its clients' TimeZone, is as good as unset.
SET = """
    select current_user::text, array(
        select name from pg_settings
        where source = 'session' and name in ('TimeZone', 'tcp_user_timeout', 'search_path') order by 1
    )
"""


async def test_everything_works(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, session_pooler: PgBouncer
) -> None:
    """LISTEN works, so the dispatcher sleeps and is rung awake; all is delivered."""
    app = application(host, session_pooler)
    host.endpoint(receiver.url + "/")

    async with dispatcher(database_url=app.secret_url) as seen:
        await asleep(seen)
        await until_writes_ring(host)
        rung_before = seen.all.count(Woken("doorbell"))
        await app.pay()
        await seen.count(AttemptFinished)
        rung = seen.all.count(Woken("doorbell")) - rung_before
        await app.pay(PAYMENTS)
        await seen.count(AttemptFinished, 1 + PAYMENTS)

    assert rung == 1
    assert seen.of(ListenChanged) == [ListenChanged(True, "self-test passed")]
    assert seen.of(DatabaseTrouble) == []


async def test_a_pooler_is_recognised(host: Host, session_pooler: PgBouncer, transaction_pooler: PgBouncer) -> None:
    """By the process id that it greets with, in either mode; only on a direct connection something is set."""
    through = {}
    for name, url in {
        "direct": host.url,
        "session": application(host, session_pooler).url,
        "transaction": application(host, transaction_pooler).url,
    }.items():
        async with await connect(url) as connection:
            cursor = await connection.execute(SET)
            through[name] = (await is_pooled(connection), *(await cursor.fetchone() or ()))

    assert through == {
        "direct": (False, "outbound_webhooks_dispatcher", ["TimeZone", "tcp_user_timeout"]),
        "session": (True, "host_app", []),
        "transaction": (True, "host_app", []),
    }
