"""What each role can and cannot do."""

import psycopg
import pytest

from tests.sql import steps
from tests.support.host import Host

OWNER, DISPATCHER, ADMIN, MONITOR, CLINIC, NOBODY = (
    "outbound_webhooks_owner",
    "outbound_webhooks_dispatcher",
    "outbound_webhooks_admin",
    "outbound_webhooks_monitor",
    "outbound_webhooks_clinic",
    "a_plain_role",
)

READ = "select count(*) from outbound_webhooks.{}"
CALL = "select outbound_webhooks.{}"

# (statement, the roles that may do it). Nobody else may.
MATRIX = [
    (READ.format("settings"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),  # two columns: enough to count the row
    (READ.format("schema_bundle"), {DISPATCHER, ADMIN, MONITOR}),
    (READ.format("dispatchers"), {DISPATCHER, ADMIN, MONITOR}),
    (READ.format("leadership"), {DISPATCHER, ADMIN, MONITOR}),
    (READ.format("event_sources"), {DISPATCHER, ADMIN, MONITOR}),
    (READ.format("event_types"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    (READ.format("switches"), {DISPATCHER, ADMIN, MONITOR}),
    (READ.format("endpoints"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    (READ.format("endpoint_flow"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    (READ.format("endpoint_hours"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    (READ.format("endpoint_statistics"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    (READ.format("stat_endpoints"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    (READ.format("stat_sources"), {DISPATCHER, ADMIN, MONITOR}),
    (READ.format("stat_dispatchers"), {DISPATCHER, ADMIN, MONITOR}),
    (READ.format("backlog"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    (READ.format("retry_calendar"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    (READ.format("stuck_deliveries"), {DISPATCHER, ADMIN, MONITOR}),
    (READ.format("statistics_bounds"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    (READ.format("events"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),  # and that there are events
    ("select body, resource_id from outbound_webhooks.events", {DISPATCHER, ADMIN, CLINIC}),
    (READ.format("deliveries"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),  # of these MONITOR counts what waits
    ("select ordering_key from outbound_webhooks.deliveries", {DISPATCHER, ADMIN, CLINIC}),
    (READ.format("finished_deliveries"), {DISPATCHER, ADMIN, CLINIC}),
    (READ.format("attempts"), {DISPATCHER, ADMIN, CLINIC}),
    (READ.format("capture_errors"), {DISPATCHER, ADMIN, MONITOR}),
    ("select old_values, message, resource_id from outbound_webhooks.capture_errors", {DISPATCHER, ADMIN}),
    (READ.format("delivery_log"), {DISPATCHER, ADMIN, CLINIC}),
    (READ.format("endpoint_secrets"), set()),
    (READ.format("endpoint_headers"), set()),
    ("select last_value from outbound_webhooks.delivery_ids", {DISPATCHER}),
    ("select last_value from outbound_webhooks.lease_tokens", set()),
    ("select last_value from outbound_webhooks.awake_until", set()),
    ("select setval('outbound_webhooks.awake_until', 1)", set()),
    ("update outbound_webhooks.deliveries set attempt_count = 0", set()),
    ("delete from outbound_webhooks.deliveries", set()),
    ("insert into outbound_webhooks.attempts select * from outbound_webhooks.attempts", set()),
    ("update outbound_webhooks.endpoints set state = 'active'", set()),
    ("delete from outbound_webhooks.endpoints", set()),
    ("update outbound_webhooks.endpoint_flow set in_flight = 0", set()),
    ("delete from outbound_webhooks.endpoint_flow", set()),
    ("update outbound_webhooks.settings set capture = true", set()),
    ("update outbound_webhooks.endpoint_hours set attempts_lost = 0", set()),
    ("delete from outbound_webhooks.events", set()),
    ("truncate outbound_webhooks.capture_errors", set()),
    ("create table outbound_webhooks.mine (id integer)", set()),
    ("drop table outbound_webhooks.attempts", set()),
    (CALL.format("claim_deliveries(0, 1, 1, 0, '-infinity', '{}', '{}', 1, '1 s')"), {DISPATCHER}),
    (CALL.format("may_deliver(0)"), {DISPATCHER}),
    (CALL.format("may_start(0, 0)"), {DISPATCHER}),
    (CALL.format("record_attempts('[]')"), {DISPATCHER}),
    (CALL.format("release_deliveries('{}', '{}')"), {DISPATCHER}),
    (CALL.format("free_leases(0)"), {DISPATCHER}),
    (CALL.format("register_dispatcher('a', 'b', true, 'test')"), {DISPATCHER}),
    (CALL.format("heartbeat(0)"), {DISPATCHER}),
    (CALL.format("stop_dispatcher(0)"), {DISPATCHER}),
    (CALL.format("begin_delivery('drain', 1)"), {DISPATCHER}),
    (CALL.format("settle_deliveries()"), {DISPATCHER}),
    (CALL.format("end_parked()"), {DISPATCHER}),
    (CALL.format("tell_operations()"), {DISPATCHER}),
    (CALL.format("promise('awake', '-1 s')"), {DISPATCHER}),
    (CALL.format("ring_for_others(0)"), {DISPATCHER}),
    (CALL.format("ensure_partitions(1)"), {DISPATCHER}),
    (CALL.format("retention_plan()"), {DISPATCHER, ADMIN}),
    (CALL.format("purge_rows()"), {DISPATCHER}),
    (CALL.format("purge_list(now())"), set()),
    (CALL.format("attach_partition('events', 'events_20260101', '2026-01-01')"), set()),
    (CALL.format("begin_drop('attempts')"), set()),
    (CALL.format("drop_partition('events_20260101')"), set()),
    (CALL.format("unsealed_values()"), {DISPATCHER}),
    (CALL.format("replace_value('header', 0, 'a', 'b')"), {DISPATCHER}),
    (CALL.format("sealed_values()"), {DISPATCHER}),
    (CALL.format("sealed_otherwise('k1', '', 0, 1)"), {DISPATCHER}),
    (CALL.format("master_keys_used()"), {DISPATCHER}),
    (CALL.format("partition_days_ahead()"), {DISPATCHER, ADMIN, MONITOR}),
    (CALL.format("uuid_v7_floor(now())"), {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    (CALL.format("stats(100)"), {DISPATCHER, ADMIN}),
    (CALL.format("endpoint_stats(100)"), {DISPATCHER, ADMIN}),
    (CALL.format("source_stats()"), {DISPATCHER, ADMIN}),
    (CALL.format("xmin_ages()"), {DISPATCHER, ADMIN}),
    (CALL.format("emit('c', 'a.b', 'a', '1', '{}')"), {DISPATCHER, ADMIN}),
    (CALL.format("emit_row('payment_transactions', '1')"), {ADMIN}),
    (CALL.format("emit_rows('payment_transactions', '{}')"), {ADMIN}),
    (CALL.format("preview_payload('payment_transactions', '1')"), {ADMIN}),
    (CALL.format("explain(gen_random_uuid(), 0)"), {ADMIN, CLINIC}),
    (CALL.format("count_chosen('{}', '{*}')"), {ADMIN, CLINIC}),
    (CALL.format("explain_row('payment_transactions', '1')"), {ADMIN}),
    (CALL.format("preview()"), {ADMIN}),
    (CALL.format("recapture()"), {ADMIN}),
    (CALL.format("recapture_open(null, null, null, 0, 0, null, null)"), set()),
    (CALL.format("reconcile('payment_transactions')"), {ADMIN}),
    (CALL.format("reconcile_rows('payment_transactions')"), {ADMIN}),
    (CALL.format("reconcile_events('payment_transactions')"), {ADMIN}),
    (CALL.format("describe_event_type('a.b', 'c', '{}', '{}')"), {ADMIN}),
    (CALL.format("set_capture(true)"), {ADMIN}),
    (CALL.format("set_delivery(true)"), {ADMIN}),
    (CALL.format("set_url_policy(true)"), {ADMIN}),
    (CALL.format("check_url('https://clinic.example/')"), set()),
    (CALL.format("url_refusal('https://clinic.example/', true, '{}')"), set()),
    (CALL.format("describe_url_refusal('url_port', '{}')"), set()),
    (CALL.format("host_refusal('clinic.example', true)"), set()),
    (CALL.format("host_address('127.0.0.1')"), set()),
    (CALL.format("is_public_address('127.0.0.1')"), set()),
    (CALL.format("arm('test')"), {ADMIN}),
    (CALL.format("why_unarmed('test')"), {DISPATCHER, ADMIN, MONITOR}),
    (CALL.format("refuse_unarmed('test')"), set()),
    (CALL.format("treat_backlog('drain', now(), 1, null)"), set()),
    (CALL.format("doctor()"), {ADMIN, MONITOR}),
    (CALL.format("create_endpoint('c', 'https://clinic.example/')"), {ADMIN, CLINIC}),
    (CALL.format("change_endpoint(0, '{}')"), {ADMIN, CLINIC}),
    (CALL.format("pause_endpoint(0)"), {ADMIN, CLINIC}),
    (CALL.format("resume_endpoint(0)"), {ADMIN, CLINIC}),
    (CALL.format("retire_endpoint(0)"), {ADMIN, CLINIC}),
    (CALL.format("rotate_secret(0)"), {ADMIN, CLINIC}),
    (CALL.format("revoke_secret(0)"), {ADMIN, CLINIC}),
    (CALL.format("list_secrets(0)"), {ADMIN, CLINIC}),
    (CALL.format("set_headers(0, '{}')"), {ADMIN, CLINIC}),
    (CALL.format("set_authorization(0, 'bearer', null, 'a')"), {ADMIN, CLINIC}),
    (CALL.format("list_headers(0)"), {ADMIN, CLINIC}),
    (READ.format("api_keys"), set()),
    (READ.format("portal_sessions"), set()),
    ("update outbound_webhooks.api_keys set revoked_at = null", set()),
    ("delete from outbound_webhooks.portal_sessions", set()),
    (CALL.format("create_api_key('operator', sha256(''))"), {ADMIN}),
    (CALL.format("find_api_key(0)"), {ADMIN}),
    (CALL.format("list_api_keys()"), {ADMIN}),
    (CALL.format("note_api_key_use(0)"), {ADMIN}),
    (CALL.format("revoke_api_key(0)"), {ADMIN}),
    (CALL.format("create_portal_session(0, 'a', '{}', true, sha256(''), '1 s')"), {ADMIN}),
    (CALL.format("find_portal_session(sha256(''), '1 s')"), {ADMIN}),
    (CALL.format("open_portal_session(sha256(''), sha256('a'), '1 s')"), {ADMIN}),
    (CALL.format("end_portal_session(0)"), {ADMIN}),
    (CALL.format("end_portal_sessions(0)"), {ADMIN}),
    (CALL.format("sign_in_with_key(0, sha256(''), '1 s')"), {ADMIN}),
    (CALL.format("sign_in_with_token('a', '{}', true, sha256(''), '1 s')"), {ADMIN}),
    (CALL.format("audit_portal_session('a.b', s) from outbound_webhooks.portal_sessions as s"), set()),
    (CALL.format("member_roles('a', '{b}')"), {ADMIN}),
    (CALL.format("clinic_role('a', 'b')"), set()),
    (CALL.format("ensure_clinic_role()"), set()),
    (CALL.format("actor_name()"), set()),
    (CALL.format("begin_test(0, null, 'test')"), {ADMIN}),
    (CALL.format("end_test(0, 0, now(), null)"), {ADMIN}),
    (CALL.format("note_trial('c', 'https://clinic.example/', gen_random_uuid())"), {ADMIN}),
    (CALL.format("refuse_test(e, 'test') from outbound_webhooks.endpoints as e"), set()),
    (READ.format("replays"), {DISPATCHER, ADMIN, CLINIC}),
    (READ.format("audit_log"), {ADMIN, CLINIC}),
    ("insert into outbound_webhooks.audit_log (action, subject) values ('a.b', 'c')", set()),
    ("update outbound_webhooks.replays set state = 'done'", set()),
    (CALL.format("retry_delivery(0)"), {ADMIN, CLINIC}),
    (CALL.format("replay(p_clinic_id => 'c')"), {ADMIN, CLINIC}),
    (CALL.format("reevaluate(p_clinic_id => 'c')"), {ADMIN, CLINIC}),
    (CALL.format("stop_replay(0)"), {ADMIN, CLINIC}),
    (CALL.format("resume_replay(0)"), {ADMIN, CLINIC}),
    (CALL.format("cancel_deliveries(p_clinic_id => 'c')"), {ADMIN, CLINIC}),
    (CALL.format("cancel_delivery(0)"), {ADMIN, CLINIC}),
    (CALL.format("advance_replay(0, 1)"), {DISPATCHER}),
    (CALL.format("skipped_count(r) from outbound_webhooks.replays as r"), {DISPATCHER, ADMIN, CLINIC}),
    (CALL.format("record_audit('a.b', 'c', 'd')"), set()),
    (CALL.format("record_denied('a.b', 'c', 'd')"), {ADMIN, CLINIC}),
    (READ.format("endpoint_status"), {DISPATCHER, ADMIN, CLINIC}),
    ("select parked_max_age from outbound_webhooks.settings", {DISPATCHER, ADMIN, MONITOR, CLINIC}),
    ("select armed_database from outbound_webhooks.settings", {DISPATCHER, ADMIN, MONITOR}),
    ("alter table outbound_webhooks.events disable row level security", set()),
    ("drop policy clinic on outbound_webhooks.events", set()),
    ("alter table outbound_webhooks.audit_log disable trigger all", set()),
    (CALL.format("protect_tables()"), set()),
    (CALL.format("caller_sees('c')"), set()),
    (CALL.format("audit_table('events', 'event', '{}', '{}')"), set()),
    (CALL.format("return_deliveries('{}', '{}', '{}', now(), 1, true)"), set()),
    (CALL.format("watch('payment_transactions')"), set()),
    (CALL.format("watch_ddl('payment_transactions')"), set()),
    (CALL.format("unwatch('payment_transactions')"), set()),
    (CALL.format("forget_source('payment_transactions')"), set()),
    (CALL.format("diagnose_newest_row(s) from outbound_webhooks.event_sources as s"), set()),
    (CALL.format("insert_event('c', 'a.b', 'a', '1', '{}')"), set()),
    (CALL.format("finish_deliveries('{}', 'dead', 'a')"), set()),
    (CALL.format("drain_parked(1)"), set()),
    (CALL.format("leave_flow('{}')"), set()),
    (CALL.format("wake_followers('{}', '{}')"), set()),
    (CALL.format("judge_endpoints('[]', '{}')"), set()),
    (CALL.format("disable_endpoints('[]', '{}')"), set()),
    (CALL.format("insert_notice('c', 'endpoint.disabled', 0, '{}')"), set()),
    (CALL.format("count_hours('{}')"), set()),
    (CALL.format("note_deaths('{}')"), set()),
    (CALL.format("row_now(s, '1') from outbound_webhooks.event_sources as s"), set()),
    (CALL.format("written_here('1')"), set()),
    (CALL.format("refuse_state(0, 'paused')"), set()),
    (CALL.format("signing_key(null)"), set()),
    (CALL.format("replace_headers(0, null, '{}')"), set()),
    (CALL.format("check_header('a', 'b')"), set()),
    (CALL.format("refused_header('a')"), set()),
    ("insert into outbound_webhooks.endpoint_headers (name, value) values ('a', 'b')", set()),
    ("update outbound_webhooks.endpoint_headers set value = 'b'", set()),
    ("delete from outbound_webhooks.endpoint_headers", set()),
    (CALL.format("attach_triggers()"), set()),
    (CALL.format("generate_captures()"), set()),
    (CALL.format("record_late_attempts('[]', '{}')"), set()),
    (CALL.format("response_excerpts(0)"), {ADMIN}),
    ("select response_excerpt from outbound_webhooks.attempts", set()),
    ("select a from outbound_webhooks.attempts as a", set()),
    ("select content_type, note from outbound_webhooks.attempts", {DISPATCHER, ADMIN, CLINIC}),
]


def may(host: Host, role: str, statement: str) -> bool:
    """Whether a role may do that; what it did is taken back."""
    try:
        with host.connection.transaction(force_rollback=True):
            host.rows("set local outbound_webhooks.clinics = '{c}'")
            host.rows(f"set local role {role}")
            host.rows(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.errors.NoDataFound:
        pass  # it looked, and there is no such payment or endpoint
    except psycopg.errors.ForeignKeyViolation:
        pass  # it would have written, and there is no such API key
    return True


@pytest.mark.parametrize(("statement", "allowed"), MATRIX, ids=[statement for statement, _ in MATRIX])
def test_matrix(sandbox: Host, statement: str, allowed: set[str]) -> None:
    """The roles that may do it, and no other: a role without a grant of ours can do nothing in the schema."""
    sandbox.rows(f"create role {NOBODY} login")

    found = {role for role in (DISPATCHER, ADMIN, MONITOR, CLINIC, NOBODY) if may(sandbox, role, statement)}

    assert found == allowed


def test_the_matrix_has_every_grant(sandbox: Host) -> None:
    """Each function that a role was granted stands in the matrix."""
    granted = sandbox.rows(
        "select distinct p.proname as name from pg_proc as p, aclexplode(p.proacl) as a"
        " where p.pronamespace = 'outbound_webhooks'::regnamespace and a.grantee <> p.proowner"
    )

    missing = [row["name"] for row in granted if not any(f".{row['name']}(" in statement for statement, _ in MATRIX)]

    assert missing == []


def test_roles_cannot_log_in(sandbox: Host) -> None:
    """The five roles are for granting: none can log in, and none is more than that."""
    rows = sandbox.rows(
        "select rolname as name, rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolreplication"
        " or rolbypassrls as more from pg_roles where rolname like 'outbound\\_webhooks\\_%'"
    )

    assert {row["name"]: row["more"] for row in rows} == dict.fromkeys(
        [
            "outbound_webhooks_admin",
            "outbound_webhooks_clinic",
            "outbound_webhooks_dispatcher",
            "outbound_webhooks_monitor",
            "outbound_webhooks_owner",
        ],
        False,
    )


def test_the_host_needs_no_grant(sandbox: Host) -> None:
    """A role that may write payments, and has no right of ours, is captured all the same; it reads nothing of it."""
    steps.endpoint(sandbox)
    sandbox.rows(f"create role {NOBODY} login")
    sandbox.rows(f"grant insert, update, select on payment_transactions to {NOBODY}")

    with sandbox.connection.transaction():
        sandbox.rows(f"set local role {NOBODY}")
        sandbox.pay()
        sandbox.rows("update payment_transactions set status = 'paid'")
        sandbox.rows("reset role")

    assert len(steps.bodies(sandbox)) == 2
    assert sandbox.value("select count(*) from outbound_webhooks.capture_errors") == 0


def test_the_dispatcher_does_its_whole_work(sandbox: Host) -> None:
    """Claim, record, release and settle work as the dispatcher role, on rows that it cannot write itself."""
    created = steps.endpoint(sandbox)
    steps.emit(sandbox, 3)
    sandbox.rows(f"set local role {DISPATCHER}")

    dispatcher = steps.register(sandbox)
    sent, failed, unsent = steps.claim(sandbox, dispatcher)
    steps.record(
        sandbox, steps.result(sent, dispatcher, steps.SUCCEEDED), steps.result(failed, dispatcher, steps.RETRY)
    )
    steps.release(sandbox, [unsent])
    sandbox.rows("reset role")
    steps.set_state(sandbox, created.id, "paused")
    sandbox.rows(f"set local role {DISPATCHER}")
    steps.settle(sandbox)

    assert list(steps.states(sandbox).values()).count("parked") == 2
    assert list(steps.states(sandbox).values()).count("succeeded") == 1
