"""The fence: nothing is sent from a database that is not armed for who would send, as this database, on this server."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import Session
from tests.support import postgres
from tests.support.host import ENVIRONMENT, Host

ARM = "select outbound_webhooks.arm(%s, %s)"
WHY = "select outbound_webhooks.why_unarmed(%s)"
HEARTBEAT = "select outbound_webhooks.heartbeat(%s)"
NOT_ARMED = "update outbound_webhooks.settings set " + ", ".join(
    f"armed_{part} = null" for part in ("environment", "system_identifier", "database_oid", "database", "at", "by")
)
NEVER = "it was never armed"
FROZEN = "update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '1 minute'"


def refusal(host: Host, environment: str | None) -> str:
    """What a dispatcher that would deliver is told when it registers."""
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as caught, host.connection.transaction():
        steps.register(host, environment=environment)
    return str(caught.value.diag.message_primary).removeprefix("nothing is sent from this database: ")


@pytest.fixture
def copy(server: postgres.TestServer, database_url: str) -> Iterator[Session]:
    """A copy on the same server of a database with a delivery that waits; it is armed, and a dispatcher delivered."""
    with closing(Host(database_url)) as original:
        steps.endpoint(original)
        (waiting,) = steps.emit(original)
        steps.claim(original, steps.register(original))
        steps.emit(original)
        assert steps.states(original)[waiting] == "in_flight"
        name = str(original.value("select current_database()"))
    copied = sql.Identifier(f"{name}_copy")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template {}").format(copied, sql.Identifier(name)))
    try:
        with closing(Session(server.database_url(f"{name}_copy"))) as session:
            yield session
    finally:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(copied))


def test_after_installation(sandbox: Host) -> None:
    """Nobody sends until the database is armed: no dispatcher that delivers is registered; one that does not, is."""
    sandbox.rows(NOT_ARMED)

    assert refusal(sandbox, ENVIRONMENT) == NEVER
    assert steps.register(sandbox, delivering=False) > 0
    assert steps.register(sandbox, delivering=False, environment=None) > 0


def test_armed_for_another_environment(sandbox: Host) -> None:
    """A dispatcher of another environment, or one that does not say where it is, is told so, and what to call."""
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as caught, sandbox.connection.transaction():
        steps.register(sandbox, environment="staging")

    assert refusal(sandbox, "staging") == "it is armed for the environment test, and not for staging"
    assert refusal(sandbox, None).endswith("set OUTBOUND_WEBHOOKS_ENVIRONMENT")
    assert str(caught.value.diag.message_hint).endswith("outbound-webhooks arm")
    assert sandbox.value("select count(*) from outbound_webhooks.dispatchers") == 0


def test_a_copy_on_the_same_server(copy: Session) -> None:
    """`create database ... template`, as a restore beside its original, carries all that its original was armed for."""
    database = str(copy.value("select current_database()"))
    registered_there = int(str(copy.value("select max(id) from outbound_webhooks.dispatchers")))

    told = refusal(copy, ENVIRONMENT)
    claimed = steps.claim(copy, registered_there)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        copy.rows(HEARTBEAT, registered_there)

    assert told.startswith(f"it was armed as database {database.removesuffix('_copy')} (oid ")
    assert f"and is {database} (oid " in told
    assert claimed == []


def test_another_server(sandbox: Host) -> None:
    """With another system identifier (the restore of a dump elsewhere) nothing is claimed, whoever is registered."""
    steps.endpoint(sandbox)
    steps.emit(sandbox)
    dispatcher = steps.register(sandbox)
    sandbox.rows("update outbound_webhooks.settings set armed_system_identifier = armed_system_identifier - 1")

    assert refusal(sandbox, ENVIRONMENT).startswith("it was armed as database ")
    assert "of another server" in refusal(sandbox, ENVIRONMENT)
    assert steps.claim(sandbox, dispatcher) == []


def test_a_new_name_is_no_copy(server: postgres.TestServer, copy: Session) -> None:
    """A database that is renamed stays the one that was armed: what counts is its oid."""
    copy.rows(ARM, ENVIRONMENT, "keep")
    name = str(copy.value("select current_database()"))
    copy.close()
    rename = sql.SQL("alter database {} rename to {}")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(rename.format(sql.Identifier(name), sql.Identifier(f"{name}_2")))
    with closing(Session(server.database_url(f"{name}_2"))) as renamed:
        why = renamed.value(WHY, ENVIRONMENT)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(rename.format(sql.Identifier(f"{name}_2"), sql.Identifier(name)))

    assert why is None


def test_arm(sandbox: Host) -> None:
    """Who, when and for what is written down; then a dispatcher of that environment registers and claims."""
    sandbox.rows(NOT_ARMED)
    steps.endpoint(sandbox)

    waited = sandbox.value(ARM, "production", None)
    (armed,) = sandbox.rows(
        "select armed_environment, armed_database = current_database() as here, armed_by = session_user as by_me,"
        " armed_at > clock_timestamp() - interval '1 minute' as now, delivering from outbound_webhooks.settings"
    )
    waiting = steps.emit(sandbox)

    assert waited == 0
    assert armed == {
        "armed_environment": "production", "here": True, "by_me": True, "now": True, "delivering": False,
    }  # fmt: skip
    assert steps.ids(steps.claim(sandbox, steps.register(sandbox, environment="production"))) == waiting


def test_arm_again(sandbox: Host) -> None:
    """To arm for what it is armed for does nothing, not even with a backlog: a script may call it each time."""
    steps.endpoint(sandbox)
    steps.emit(sandbox)
    look = "select * from outbound_webhooks.settings"
    before = sandbox.rows(look)

    assert sandbox.value(ARM, ENVIRONMENT, "cancel") is None
    assert sandbox.rows(look) == before
    assert list(steps.states(sandbox).values()) == ["pending"]


def test_what_waits_has_to_be_decided(copy: Session) -> None:
    """Deliveries came with the copy: arm is refused, with their number, until it is said what becomes of them."""
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as caught:
        copy.rows(ARM, ENVIRONMENT, None)

    assert caught.value.diag.message_primary == "deliveries wait in this database, and would be sent from here: 2"
    assert "--keep-backlog or --cancel-backlog" in str(caught.value.diag.message_hint)
    assert copy.value(WHY, ENVIRONMENT) is not None
    assert sorted(steps.states(copy).values()) == ["in_flight", "pending"]


def test_cancel_what_waits(copy: Session) -> None:
    """All of it is cancelled with that reason, what was in flight at the original too: its lease means nothing here."""
    waited = copy.value(ARM, "staging", "cancel")
    finished = copy.rows("select state, reason from outbound_webhooks.finished_deliveries")
    fresh = steps.emit(copy)

    assert waited == 2
    assert finished == [{"state": "cancelled", "reason": "waited when the database was armed for staging"}] * 2
    assert steps.ids(steps.claim(copy, steps.register(copy, environment="staging"))) == fresh


def test_it_is_explained(copy: Session) -> None:
    """Why does this delivery not leave? Because this is a copy."""
    steps.emit(copy)

    told = copy.rows(
        "select x.code, x.words from outbound_webhooks.deliveries as d,"
        " outbound_webhooks.explain(d.event_id, d.endpoint_id) as x where d.lease_token is null"
    )

    assert told[0]["code"] == "unarmed"
    assert "it is a copy" in str(told[0]["words"])


def test_keep_what_waits(copy: Session) -> None:
    """All of it is a backlog for the dispatcher that starts next: nothing is due before that has treated it."""
    copy.rows("update outbound_webhooks.settings set delivering = true, delivering_since = now()")
    waited = copy.value(ARM, "staging", "keep")
    treated = copy.value("select outbound_webhooks.begin_delivery('drain', 1)")

    assert (waited, treated) == (2, 2)
    assert len(steps.claim(copy, steps.register(copy, environment="staging"))) == 1
    assert [attempt["outcome"] for attempt in steps.attempts(copy)] == ["lost"]


def test_armed_for_another_one_while_it_runs(sandbox: Host) -> None:
    """Refused while it shows itself: that would end it. Of one that was frozen nothing is claimed or started any more,
    and its next heartbeat tells it to end.
    """
    steps.endpoint(sandbox)
    steps.emit(sandbox, 2)
    dispatcher = steps.register(sandbox)
    (claimed, *_) = steps.claim(sandbox, dispatcher, limit=1)

    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as mistaken, sandbox.connection.transaction():
        sandbox.rows(ARM, "production", "keep")
    sandbox.rows(FROZEN)
    sandbox.rows(ARM, "production", "keep")
    may_start = sandbox.value(
        "select outbound_webhooks.may_start(%s, %s)", claimed["delivery_id"], claimed["lease_token"]
    )
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as caught, sandbox.connection.transaction():
        sandbox.rows(HEARTBEAT, dispatcher)

    assert mistaken.value.diag.message_primary == (
        "dispatchers of test deliver from this database at this moment: host:1"
    )
    assert str(mistaken.value.diag.message_hint).startswith("Stop them first.")
    assert may_start is False
    assert steps.claim(sandbox, dispatcher) == []
    assert "it is armed for the environment production, and not for test" in str(caught.value.diag.message_primary)


def test_not_registered(sandbox: Host) -> None:
    """Who is not registered, or registered as one that does not deliver, claims nothing; a heartbeat says so."""
    steps.endpoint(sandbox)
    steps.emit(sandbox)
    without = steps.register(sandbox, delivering=False)

    with pytest.raises(psycopg.errors.NoDataFound) as caught, sandbox.connection.transaction():
        sandbox.rows(HEARTBEAT, without + 1)

    assert caught.value.diag.message_primary == f"dispatcher {without + 1} is not registered in this database"
    assert steps.claim(sandbox, without) == steps.claim(sandbox, without + 1) == []


def test_one_arms_while_another_does(host: Host, connect: Connect) -> None:
    """A arms, B waits for it, A commits: B finds the database armed, and cancels nothing."""
    steps.endpoint(host)
    steps.emit(host, 2)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            kept = a.value(ARM, "production", "keep")
            call = running.submit(b.value, ARM, "production", "cancel")
            until_blocked(host, b, call)
        found = call.result(timeout=60)

    assert (kept, found) == (2, None)
    assert list(steps.states(host).values()) == ["pending"] * 2


@pytest.mark.parametrize(
    ("environment", "backlog", "message"),
    [
        (None, None, "the name of an environment has 1 to 63 letters"),
        ("", None, "the name of an environment has 1 to 63 letters"),
        ("two words", None, "the name of an environment has 1 to 63 letters"),
        ("staging", "drop", "what waits is kept or cancelled, not drop"),
    ],
)
def test_refusals(sandbox: Host, environment: str | None, backlog: str | None, message: str) -> None:
    """A name that no setting could have, and a treatment that there is not."""
    with pytest.raises(psycopg.errors.InvalidParameterValue) as caught, sandbox.connection.transaction():
        sandbox.rows(ARM, environment, backlog)

    assert str(caught.value.diag.message_primary).startswith(message)


def test_where_the_control_file_is_not_for_everybody(database_url: str) -> None:
    """A DBA may have taken pg_control_system() from public: our owner role alone has to have it."""
    with closing(Session(database_url)) as session, session.connection.transaction(force_rollback=True):
        session.rows("revoke execute on function pg_control_system() from public")
        session.rows("grant execute on function pg_control_system() to outbound_webhooks_owner")
        session.rows("set local role outbound_webhooks_admin")
        session.rows(ARM, ENVIRONMENT, None)
        session.rows("reset role")
        session.rows("set local role outbound_webhooks_dispatcher")
        dispatcher = steps.register(session)

        assert session.value("select outbound_webhooks.may_deliver(%s)", dispatcher) is True
        assert session.value(WHY, ENVIRONMENT) is None
