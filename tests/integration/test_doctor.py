"""`doctor` on the command line: what only this side can see, each fault made for real, and mended by its remedy."""

import json

import pytest

from dispatcher.core.sealing import parse_keyring, purpose_of, seal
from dispatcher.examination.findings import Finding
from tests.sql import steps
from tests.support.cli import URL, Finished, cli
from tests.support.host import Host

MAY_START = (
    "create or replace function outbound_webhooks.may_start(p_delivery_id bigint, p_lease_token bigint)"
    " returns boolean language sql stable as 'select true'"
)
KEYS = "OUTBOUND_WEBHOOKS_MASTER_KEYS"
OTHER_KEY = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="


def asked(env: dict[str, str]) -> tuple[Finished, list[Finding]]:
    """Ask the doctor, for JSON."""
    done = cli("doctor", "--json", **env)
    assert done.err == ""
    return done, [Finding(**found) for found in json.loads(done.out)["findings"]]


def the_finding(env: dict[str, str]) -> Finding:
    """The one finding that there has to be."""
    _, findings = asked(env)
    assert len(findings) == 1, findings
    return findings[0]


def test_json(env: dict[str, str], well: Host) -> None:
    """--json has all that is printed for people, and the counts; the exit code is the same."""
    nothing, _ = asked(env)
    well.rows("alter table payment_transactions enable row level security")
    well.rows('alter table payment_transactions disable trigger "00_outbound_webhooks_insert"')
    done, findings = asked(env)

    assert (nothing.code, json.loads(nothing.out)) == (
        0, {"findings": [], "counts": {"problem": 0, "warning": 0, "note": 0}},
    )  # fmt: skip
    assert done.code == 1
    assert [found.code for found in findings] == ["trigger-disabled", "rows-hidden"]
    assert json.loads(done.out)["counts"] == {"problem": 1, "warning": 1, "note": 0}


@pytest.mark.parametrize(
    ("fault", "code", "finding"),
    [
        ("drop function outbound_webhooks.ring_for_others(bigint)", "function-missing", "it is missing"),
        (
            MAY_START,
            "function-altered", "it is not as in 45_may_start.sql: somebody changed it",
        ),
        (
            "alter function outbound_webhooks.heartbeat(bigint) security invoker",
            "function-altered", "it is not as in 61_heartbeat.sql: somebody changed it",
        ),
    ],
)  # fmt: skip
def test_functions(env: dict[str, str], well: Host, fault: str, code: str, finding: str) -> None:
    """A function that somebody dropped or changed, though the fingerprint of what was loaded is right."""
    well.rows(fault)

    found = [each for each in asked(env)[1] if each.code.startswith("function")]
    mended = cli(*found[0].remedy.split()[1:], **env)

    assert [(each.severity, each.code, each.finding) for each in found] == [("problem", code, finding)]
    assert mended.code == 0
    assert asked(env)[1] == []


def test_an_overload(env: dict[str, str], well: Host) -> None:
    """A function of the same name with other arguments is another one: no change of ours, nor in its place."""
    well.rows(MAY_START.replace("p_lease_token bigint", "p_lease_token text"))

    beside = asked(env)[1]
    well.rows("drop function outbound_webhooks.may_start(bigint, bigint)")
    found = the_finding(env)

    assert beside == []
    assert (found.code, found.subject) == ("function-missing", "function may_start")


def test_on_the_schema_of_a_newer_release(env: dict[str, str], well: Host) -> None:
    """The program of the release before may stay: other functions than its own are no fault, and that is said once."""
    well.rows(MAY_START)
    well.rows("drop function outbound_webhooks.ring_for_others(bigint)")
    well.rows("update outbound_webhooks.schema_bundle set migrations = migrations || '{9999_later}'")

    done, found = asked(env)

    assert done.code == 0
    assert [(each.severity, each.code) for each in found] == [("note", "functions-newer")]
    assert "9999_later" in found[0].finding


@pytest.mark.parametrize(
    ("fault", "subject", "finding"),
    [
        (
            "revoke execute on function outbound_webhooks.record_attempts(jsonb) from outbound_webhooks_dispatcher",
            "role outbound_webhooks_dispatcher",
            "it lacks execute on function outbound_webhooks.record_attempts(jsonb)",
        ),
        (
            "revoke select on outbound_webhooks.endpoints from outbound_webhooks_monitor",
            "role outbound_webhooks_monitor",
            "it lacks select on outbound_webhooks.endpoints",
        ),
        (
            "revoke select on sequence outbound_webhooks.delivery_ids from outbound_webhooks_dispatcher",
            "role outbound_webhooks_dispatcher",
            "it lacks select on sequence outbound_webhooks.delivery_ids",
        ),
        (
            "revoke select (parked_max_age) on outbound_webhooks.settings from outbound_webhooks_clinic",
            "role outbound_webhooks_clinic",
            "it lacks select on column outbound_webhooks.settings.parked_max_age",
        ),
        (
            "revoke usage on schema outbound_webhooks from outbound_webhooks_admin",
            "role outbound_webhooks_admin",
            "it lacks usage on schema outbound_webhooks",
        ),
    ],
)
def test_grants(env: dict[str, str], well: Host, fault: str, subject: str, finding: str) -> None:
    """A grant of ours that somebody took away is found, with the statement that gives it back."""
    well.rows(fault)

    found = the_finding(env)
    well.rows(found.remedy)

    assert (found.severity, found.code, found.subject, found.finding) == ("problem", "grant-missing", subject, finding)
    assert asked(env)[1] == []


def test_who_does_not_see_everything(env: dict[str, str], well: Host) -> None:
    """A login that is no more than a monitor: it is said what it does not see, and that no dispatcher could use it."""
    well.rows("create role watcher login in role outbound_webhooks_monitor")
    watching = {**env, URL: well.url.replace("postgres@", "watcher@")}
    try:
        done, found = asked(watching)
        for each in found:
            well.rows(each.remedy)
        _, after = asked(watching)
    finally:
        well.rows("drop role watcher")

    assert done.code == 0
    assert [(each.severity, each.code, each.remedy) for each in found] == [
        ("warning", "login-rights", "grant outbound_webhooks_dispatcher to watcher"),
        ("note", "activity-hidden", "grant pg_read_all_stats to watcher"),
    ]
    assert after == []


def test_a_lock_of_yoyo_that_was_left(env: dict[str, str], well: Host) -> None:
    """A migration that was killed leaves its lock, and every other one waits for it."""
    well.rows("insert into yoyo_lock (locked, ctime, pid) values (1, '2026-01-31 12:00:00', 4711)")

    found = the_finding(env)
    well.rows("delete from yoyo_lock")  # as `yoyo break-lock` does

    assert (found.severity, found.code) == ("warning", "yoyo-lock")
    assert "process 4711 on some machine holds yoyo's lock since 2026-01-31 12:00:00 UTC" in found.finding
    assert found.remedy.endswith("yoyo break-lock")
    assert asked(env)[1] == []


def test_master_keys(env: dict[str, str], well: Host) -> None:
    """Every signing key in use has to open with the master keys that are set; which endpoints' do not is said."""
    key = env[KEYS].partition(":")[2]
    second = steps.endpoint(well, "clinic-2").id
    seal_all(well, env[KEYS])

    opened = asked(env)[1]
    other_name = the_finding({**env, KEYS: f"new:{OTHER_KEY}"})
    same_name = the_finding({**env, KEYS: f"test:{OTHER_KEY}"})
    both = the_finding({**env, KEYS: f"new:{OTHER_KEY},test:{key}"})
    behind = asked({**env, KEYS: f"test:{key},new:{OTHER_KEY}"})[1]
    unset = the_finding({**env, KEYS: ""})

    assert opened == behind == []
    assert (both.severity, both.code) == ("note", "keys-sealed-before")
    assert both.finding == "2 signing keys and headers in use are sealed with test, and not with new, the first one"
    assert (
        (other_name.severity, other_name.code) == (same_name.severity, same_name.code) == ("problem", "keys-unopened")
    )
    assert other_name.finding == (
        f"master key test is not among the configured ones (new): nothing is sent to 2 endpoints (1, {second})"
    )
    assert same_name.finding.startswith("the sealed text was altered, or belongs to another endpoint or purpose: ")
    assert (unset.severity, unset.code) == ("note", "keys-untried")


def test_master_keys_of_headers(env: dict[str, str], well: Host) -> None:
    """So has every header; where one does not, it is said what to do if the master key is lost."""
    created = steps.endpoint(well, "clinic-2", headers='{"x-a": "1", "x-b": "2"}').id
    seal_all(well, f"other:{OTHER_KEY}")
    well.rows("delete from outbound_webhooks.endpoint_secrets")

    found = the_finding(env)
    well.rows("select outbound_webhooks.set_headers(%s, '{}')", created)

    assert (found.severity, found.code, found.subject) == ("problem", "headers-unopened", "headers")
    assert found.finding == (
        f"master key other is not among the configured ones (test): nothing is sent to 1 endpoints ({created})"
    )
    assert found.remedy.endswith("if it is lost, set the headers of these endpoints again")
    assert asked(env)[1] == []


def seal_all(host: Host, master_keys: str) -> None:
    """Seal every signing key and every header, as the leader does."""
    for row in host.rows("select * from outbound_webhooks.unsealed_values()"):
        name = row["name"]
        sealed = seal(
            parse_keyring(master_keys),
            purpose_of(str(row["kind"]), None if name is None else str(name)),
            str(row["clinic_id"]),
            int(str(row["endpoint_id"])),
            str(row["value"]),
            bytes(12),
        )
        host.rows(
            "select outbound_webhooks.replace_value(%s, %s, %s, %s)", row["kind"], row["id"], row["version"], sealed
        )


def test_listen_that_cannot_connect(env: dict[str, str], well: Host) -> None:
    """A direct URL for LISTEN that leads nowhere: the reason, and what to set; nothing where polling is chosen."""
    nowhere = {**env, "OUTBOUND_WEBHOOKS_LISTEN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere"}

    found = the_finding(nowhere)
    well.rows(found.remedy.partition("by choice: ")[2])

    assert (found.severity, found.code) == ("warning", "listen-silent")
    assert "a dispatcher looks ten times a second instead: OperationalError: " in found.finding
    assert asked(nowhere)[1] == []


def test_an_environment_that_is_not_armed(env: dict[str, str], well: Host) -> None:
    """The doctor compares what the database is armed for with what this process says."""
    found = the_finding({**env, "OUTBOUND_WEBHOOKS_ENVIRONMENT": "staging"})
    unsaid = asked({**env, "OUTBOUND_WEBHOOKS_ENVIRONMENT": "", "OUTBOUND_WEBHOOKS_ENABLED": ""})[1]

    assert (found.severity, found.code) == ("warning", "armed-elsewhere")
    assert found.finding.endswith("armed for the environment test, and not for staging")
    assert unsaid == []
    assert well.value("select armed_environment from outbound_webhooks.settings") == "test"
