"""The audit log is written by triggers: each change of what people change, whoever makes it, in psql too."""

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.support.host import CLINIC, Host

LINES = "select action, subject, clinic_id, details from outbound_webhooks.audit_log where id > %s order by id"
Line = tuple[object, object, object, object]
CANARY = "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWNhbmFyeQ=="


class Log:
    """What the audit log has got since the test began, or since it looked last."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.seen = 0
        self.new()

    def new(self) -> list[Line]:
        """(action, subject, clinic, details) of the new lines."""
        rows = self.host.rows(LINES, self.seen)
        self.seen = int(str(self.host.value("select coalesce(max(id), 0) from outbound_webhooks.audit_log")))
        return [(row["action"], row["subject"], row["clinic_id"], row["details"]) for row in rows]


@pytest.fixture
def log(numbered: Host) -> Log:
    """The log of a sandbox whose endpoints are numbered from 1 on."""
    numbered.rows("alter table outbound_webhooks.endpoint_secrets alter column id restart")
    return Log(numbered)


def change(log: Log, statement: str, *parameters: object) -> list[Line]:
    """Do something; returns the lines that tell of it."""
    log.new()
    log.host.rows(statement, *parameters)
    return log.new()


def test_a_new_endpoint(log: Log) -> None:
    """All that it was made with, and that it got a key; not the key, nor what a URL may hold."""
    log.host.endpoint("https://clinic.example/hooks?token=canary", secret=CANARY, event_types=["a.b"])

    endpoint, key = log.new()
    assert endpoint[:3] == ("endpoint.created", "endpoint 1", CLINIC)
    assert endpoint[3] == {
        "after": {
            "id": 1, "clinic_id": CLINIC, "url": "https://clinic.example/hooks?***", "description": "",
            "event_types": ["a.b"], "state": "active", "ordering": "none", "max_in_flight": 10, "timeout_seconds": 20,
        }
    }  # fmt: skip
    assert key == (
        "signing_key.issued", "signing_key 1 of endpoint 1".replace("_", " "), CLINIC,
        {"after": {"id": 1, "clinic_id": CLINIC, "endpoint_id": 1, "secret": "(not recorded)"}},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("assignment", "before", "after"),
    [
        (
            "url = 'https://new.example/a?b=c'",
            "https://clinic.example/webhooks",
            "https://new.example/a?***",
        ),
        ("event_types = '{a.b,c.*}'", ["*"], ["a.b", "c.*"]),
        ("filter = '{\"a\": 1}'", None, {"a": 1}),
        ("description = 'new'", "", "new"),
        ("ordering = 'per_resource'", "none", "per_resource"),
        ("max_in_flight = 1", 10, 1),
        ("requests_per_second = 5", None, 5),
        ("timeout_seconds = 1", 20, 1),
        ("retry_schedule = '{0,1}'", None, [0, 1]),
    ],
)
def test_each_column_of_an_endpoint(log: Log, assignment: str, before: object, after: object) -> None:
    """Changed in psql: what it was and what it is, of that column alone; and back again."""
    steps.endpoint(log.host)
    name, _, _ = assignment.partition(" = ")
    to = change(log, f"update outbound_webhooks.endpoints set {assignment}")
    (back,) = change(log, f"update outbound_webhooks.endpoints set {name} = %s", before if before != ["*"] else ["*"])

    assert to == [("endpoint.changed", "endpoint 1", CLINIC, {"before": {name: before}, "after": {name: after}})]
    assert back[3] == {"before": {name: after}, "after": {name: before}}


def test_every_column_of_an_endpoint_is_news(log: Log) -> None:
    """But for those that say what the line says: a column that is added later is recorded without being named."""
    steps.endpoint(log.host)
    log.host.rows("alter table outbound_webhooks.endpoints add column later text")
    later = change(log, "update outbound_webhooks.endpoints set later = 'x'")
    silent = change(
        log,
        "update outbound_webhooks.endpoints set state_changed_at = now(), state_changed_by = 'x', created_at = now()",
    )

    assert later[0][3] == {"before": {"later": None}, "after": {"later": "x"}}
    assert silent == []


def test_a_change_of_nothing(log: Log) -> None:
    """An update that leaves a row as it was is no change."""
    steps.endpoint(log.host)

    assert change(log, "update outbound_webhooks.endpoints set url = url, state = state") == []


def test_states_of_an_endpoint(log: Log) -> None:
    """Each by its own name, with what it was."""
    created = steps.endpoint(log.host)
    paused = change(log, "select outbound_webhooks.pause_endpoint(%s, 'holidays')", created.id)
    resumed = change(log, "select outbound_webhooks.resume_endpoint(%s)", created.id)
    retired = change(log, "update outbound_webhooks.endpoints set state = 'retired'")

    assert [lines[0][0] for lines in (paused, resumed, retired)] == [
        "endpoint.paused", "endpoint.resumed", "endpoint.retired",
    ]  # fmt: skip
    assert paused[0][3] == {
        "before": {"state": "active", "state_reason": None}, "after": {"state": "paused", "state_reason": "holidays"},
    }  # fmt: skip


def test_an_endpoint_that_we_disable(log: Log) -> None:
    """One line, by the dispatcher; results that disable nothing write none."""
    steps.endpoint(log.host)
    steps.emit(log.host, 3)
    dispatcher = steps.register(log.host)
    first, second, third = steps.claim(log.host, dispatcher)
    log.new()
    steps.record(
        log.host, steps.result(first, dispatcher, steps.SUCCEEDED), steps.result(second, dispatcher, steps.DEAD)
    )
    nothing = log.new()
    steps.record(log.host, steps.result(third, dispatcher, steps.RETRY, disable="410 Gone"))
    (line,) = log.host.rows("select * from outbound_webhooks.audit_log where id > %s", log.seen)

    assert nothing == []
    assert (line["action"], line["actor"], line["database_user"]) == ("endpoint.disabled", "dispatcher", "postgres")
    assert line["details"]["after"] == {"state": "disabled", "state_reason": "410 Gone"}  # type: ignore[index]


def test_signing_keys(log: Log) -> None:
    """Issued, given an end by a newer one, revoked; sealing is no news, and no key is in any line."""
    created = log.host.endpoint(steps.URL, secret=CANARY)
    sealed = change(
        log,
        "select outbound_webhooks.replace_value(v.kind, v.id, v.version, 'v1.k.canary-sealed')"
        " from outbound_webhooks.unsealed_values() as v",
    )
    rotated = change(log, "select outbound_webhooks.rotate_secret(%s)", created.id)
    revoked = change(log, "select outbound_webhooks.revoke_secret(1)")
    at_once = change(log, "select outbound_webhooks.rotate_secret(%s, '0')", created.id)

    assert sealed == []
    assert [line[0] for line in rotated] == ["signing_key.superseded", "signing_key.issued"]
    assert [line[0] for line in revoked] == ["signing_key.revoked"]
    assert [line[:2] for line in at_once] == [
        ("signing_key.revoked", "signing key 2 of endpoint 1"), ("signing_key.issued", "signing key 3 of endpoint 1"),
    ]  # fmt: skip
    assert "canary" not in everything(log.host)


def test_a_key_that_is_replaced_in_psql(log: Log) -> None:
    """That a value was given is news, the value is not recorded."""
    log.host.endpoint(steps.URL)
    replaced = change(log, "update outbound_webhooks.endpoint_secrets set secret = %s", CANARY)
    removed = change(log, "delete from outbound_webhooks.endpoint_secrets")

    assert replaced == [
        (
            "signing_key.changed",
            "signing key 1 of endpoint 1",
            CLINIC,
            {"before": {}, "after": {"secret": "(not recorded)"}},
        )
    ]
    assert [line[0] for line in removed] == ["signing_key.removed"]
    assert CANARY not in everything(log.host)


def everything(host: Host) -> str:
    """The whole log as text."""
    return "\n".join(
        str(row["text"]) for row in host.rows("select a::text as text from outbound_webhooks.audit_log as a")
    )


def test_settings(log: Log) -> None:
    """Switches and limits, by function or in psql; what dispatchers write there is no news."""
    off = change(log, "select outbound_webhooks.set_delivery(false, 'a test')")
    capture = change(log, "select outbound_webhooks.set_capture(false)")
    longer = change(log, "update outbound_webhooks.settings set disable_after = '6 days', wake_up = 'poll'")
    armed = change(log, "select outbound_webhooks.arm('elsewhere')")
    begun = change(log, "select outbound_webhooks.begin_delivery('drain', 1)")

    assert off[0] == (
        "settings.changed", "settings", None,
        {
            "before": {"delivery": True, "delivery_reason": None},
            "after": {"delivery": False, "delivery_reason": "a test"},
        },
    )  # fmt: skip
    assert capture[0][3] == {"before": {"capture": True}, "after": {"capture": False}}
    assert longer[0][3] == {
        "before": {"disable_after": "5 days", "wake_up": "doorbell"},
        "after": {"disable_after": "6 days", "wake_up": "poll"},
    }  # fmt: skip
    assert armed[0][3] == {"before": {"armed_environment": "test"}, "after": {"armed_environment": "elsewhere"}}
    assert begun == []


def test_sources(log: Log) -> None:
    """Watched, changed, switched off for itself, unwatched; and their event types with them."""
    log.host.rows("create table invoices (id bigint primary key, clinic_id text, status text, amount bigint)")
    watch = "select outbound_webhooks.watch('invoices', p_resource => 'invoice', p_rules => %s)"
    inserted = '[{"type": "invoice.created", "when": "inserted"}]'
    watched = change(log, watch, inserted)
    again = change(log, watch, inserted)
    changed = change(log, watch.replace(")", ", p_strict => true)"), inserted)
    silenced = change(log, "select outbound_webhooks.set_capture(false, 'invoices')")
    unwatched = change(log, "select outbound_webhooks.unwatch('invoices')")

    assert [line[:2] for line in watched] == [
        ("source.watched", "source invoices"), ("event_type.created", "event type invoice.created"),
    ]  # fmt: skip
    assert again == []
    assert changed[0][3] == {"before": {"is_strict": False}, "after": {"is_strict": True}}
    assert silenced[0][:2] == ("source.changed", "source invoices")
    assert silenced[0][3] == {"before": {"capture": True}, "after": {"capture": False}}
    assert sorted(str(line[0]) for line in unwatched) == ["event_type.removed", "source.unwatched"]


def test_event_types(log: Log) -> None:
    """Described in people's words."""
    describe = "select outbound_webhooks.describe_event_type('a.b', %s, '{}', '{}')"
    made = change(log, describe, "one")
    changed = change(log, describe, "two")

    assert made[0][:2] == ("event_type.created", "event type a.b")
    assert changed == [
        (
            "event_type.changed",
            "event type a.b",
            None,
            {"before": {"description": "one"}, "after": {"description": "two"}},
        )
    ]


def test_a_replay_that_is_changed_in_psql(log: Log) -> None:
    """As by the functions; that it is done is nobody's deed."""
    steps.endpoint(log.host)
    steps.emit(log.host)
    steps.end_all(log.host, steps.DEAD)
    started = change(log, "select outbound_webhooks.replay(p_endpoint_id => 1)")
    stopped = change(log, "update outbound_webhooks.replays set state = 'stopped'")
    done = change(log, "update outbound_webhooks.replays set state = 'done'")

    assert [line[0] for line in (*started, *stopped, *done)] == ["replay.started", "replay.stopped"]


@pytest.mark.parametrize("table", ["endpoint_secrets", "event_types", "settings"])
def test_truncate(log: Log, table: str) -> None:
    """All rows at once are a line, too."""
    (line,) = change(log, f"truncate outbound_webhooks.{table} cascade")

    assert str(line[0]).endswith(".truncated")


def test_every_table_that_people_change_is_audited(lasting_host: Host) -> None:
    """Each table has the trigger, or stands here: what dispatchers and captures write, sessions, and the log itself."""
    rows = lasting_host.rows(
        "select c.relname::text as name from pg_class as c where c.relnamespace = 'outbound_webhooks'::regnamespace"
        " and c.relkind in ('r', 'p') and not c.relispartition and not exists (select from pg_trigger as t"
        "    where t.tgrelid = c.oid and t.tgname in ('audit_change', 'audit_replay'))"
    )

    assert {row["name"] for row in rows} == {
        "attempts", "audit_log", "capture_errors", "deliveries", "dispatchers", "endpoint_flow", "endpoint_hours",
        "events", "finished_deliveries", "leadership", "portal_sessions", "schema_bundle",
    }  # fmt: skip


def test_the_path_of_a_delivery_writes_nothing(log: Log) -> None:
    """A hundred payments, sent, failed, parked, settled and told of: not one line."""
    steps.endpoint(log.host)
    log.new()
    steps.emit(log.host, 100)
    steps.end_all(log.host, steps.SUCCEEDED, 50)
    steps.end_all(log.host, steps.DEAD, 40)
    steps.settle(log.host)
    for call in ("end_parked()", "tell_operations()", "begin_delivery('drain', 1)", "purge_rows()", "stats()"):
        log.host.rows(f"select * from outbound_webhooks.{call}")

    assert log.new() == []


def test_what_is_rolled_back_is_not_told(host: Host, connect: Connect) -> None:
    """A line is of the transaction of the change, whoever looks from outside meanwhile."""
    created = steps.endpoint(host)
    a, b = connect(), connect()
    count = "select count(*) from outbound_webhooks.audit_log where action = 'endpoint.paused'"
    with a.connection.transaction(force_rollback=True):
        a.rows("select outbound_webhooks.pause_endpoint(%s)", created.id)
        meanwhile = (a.value(count), b.value(count))

    assert meanwhile == (1, 0)
    assert b.value(count) == 0
