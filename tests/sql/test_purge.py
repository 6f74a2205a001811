"""The small tables: old rows go, batch by batch; what is open, in use or young stays."""

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.support.host import Host

PURGE = "select * from outbound_webhooks.purge_rows(p_limit => %s)"
IN_DAYS = "select * from outbound_webhooks.purge_rows(clock_timestamp() + make_interval(days => %s))"


def purge(host: Host, limit: int = 1000) -> dict[str, int]:
    """One batch; returns how many rows went, by table."""
    return {str(row["name"]): int(str(row["purged"])) for row in host.rows(PURGE, limit)}


def purge_in(host: Host, days: int) -> dict[str, int]:
    """One batch, so many days from now: only the tables that had something."""
    return {str(row["name"]): int(str(row["purged"])) for row in host.rows(IN_DAYS, days) if row["purged"]}


def add_errors(host: Host, count: int, recaptured: str | None) -> None:
    """Changes in the ledger, recaptured so long ago or still open."""
    host.rows(
        "insert into outbound_webhooks.capture_errors"
        " (source, operation, error_code, message, recaptured_at, recaptured_as)"
        " select 's', 'INSERT', 'XX000', 'm', clock_timestamp() - %s::interval,"
        " case when %s::text is not null then '{}'::uuid[] end from generate_series(1, %s)",
        recaptured, recaptured, count,
    )  # fmt: skip


def test_the_ledger(sandbox: Host) -> None:
    """What was recaptured goes after its days; what was not is never deleted."""
    add_errors(sandbox, 2, "31 days")
    add_errors(sandbox, 3, "29 days")
    add_errors(sandbox, 4, None)
    sandbox.rows("update outbound_webhooks.capture_errors set occurred_at = occurred_at - interval '1000 days'")

    purged = purge(sandbox)

    assert purged == {
        "capture_errors": 2,
        "endpoint_secrets": 0,
        "portal_sessions": 0,
        "endpoint_hours": 0,
        "dispatchers": 0,
    }
    assert purge_in(sandbox, 60) == {"capture_errors": 3}
    assert sandbox.value("select count(*) from outbound_webhooks.capture_errors where recaptured_at is null") == 4


def test_dispatchers(sandbox: Host) -> None:
    """One that was not seen for as long as attempts are kept, whether or not it said good-bye."""
    stopped, crashed, living = (steps.register(sandbox) for _ in range(3))
    sandbox.rows("select outbound_webhooks.stop_dispatcher(%s)", stopped)
    sandbox.rows(
        "update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '31 days' where id = any(%s)",
        [stopped, crashed],
    )

    assert purge(sandbox)["dispatchers"] == 2
    assert sandbox.value("select id from outbound_webhooks.dispatchers") == living


def test_signing_keys(sandbox: Host) -> None:
    """One that became invalid goes after its days; one that is valid, for now or for good, stays."""
    created = steps.endpoint(sandbox)
    sandbox.rows(
        "insert into outbound_webhooks.endpoint_secrets (clinic_id, endpoint_id, secret, created_at, valid_until)"
        " select clinic_id, endpoint_id, secret, created_at - interval '100 days',"
        " clock_timestamp() + days * interval '1 day'"
        " from outbound_webhooks.endpoint_secrets, unnest(array[-31, -29, 1]) as days where endpoint_id = %s",
        created.id,
    )

    assert purge(sandbox)["endpoint_secrets"] == 1
    assert purge_in(sandbox, 2) == {"endpoint_secrets": 1}
    assert sandbox.value("select count(*) from outbound_webhooks.endpoint_secrets") == 2


def test_statistics(sandbox: Host) -> None:
    """The counts of an hour outlive what they count."""
    dispatcher, created = steps.register(sandbox), steps.endpoint(sandbox)
    steps.emit(sandbox)
    (claimed,) = steps.claim(sandbox, dispatcher)
    steps.record(sandbox, steps.result(claimed, dispatcher, steps.SUCCEEDED))

    assert purge_in(sandbox, 399).get("endpoint_hours") is None
    assert sandbox.value("select endpoint_id from outbound_webhooks.endpoint_hours") == created.id
    assert purge_in(sandbox, 402)["endpoint_hours"] == 1


def test_in_batches(sandbox: Host) -> None:
    """At most so many rows of each table at once; fewer than that, and all is done."""
    add_errors(sandbox, 5, "31 days")

    assert [purge(sandbox, 2)["capture_errors"] for _ in range(4)] == [2, 2, 1, 0]


def test_what_another_session_holds_is_skipped(host: Host, connect: Connect) -> None:
    """Nobody waits: the row goes with the next round."""
    add_errors(host, 2, "31 days")
    other = connect()
    host.rows("set statement_timeout = '30s'")

    with other.connection.transaction():
        other.rows("select from outbound_webhooks.capture_errors where id = 1 for update")
        beside = purge(host)["capture_errors"]

    assert beside == 1
    assert purge(host)["capture_errors"] == 1
