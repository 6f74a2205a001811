"""Endpoints and their signing keys: what is refused, by the function with a hint, by the tables in any case."""

import base64
import json
from typing import Any

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import SECRET, URL
from tests.support.host import CLINIC, Host

CREATE = "select * from outbound_webhooks.create_endpoint(p_clinic_id => %s, p_url => %s, p_secret => %s)"
INSERT_SECRET = "insert into outbound_webhooks.endpoint_secrets (clinic_id, endpoint_id, secret) values (%s, %s, %s)"


def key(count: int) -> str:
    """A key of that many bytes."""
    return "whsec_" + base64.b64encode(bytes(range(count))).decode()


BAD_SECRETS = {
    "no whsec_": base64.b64encode(bytes(32)).decode(),
    "another prefix": "whpk_" + base64.b64encode(bytes(32)).decode(),
    "too short": key(23),
    "too long": key(65),
    "empty": "whsec_",
    "not base64": "whsec_" + "!" * 32,
    "base64 of URLs": "whsec_" + "-_" * 16,
    "unpadded": "whsec_" + "A" * 43,
    "trailing newline": key(32) + "\n",
}


def refusal(host: Host, statement: str, *parameters: object) -> psycopg.Error:
    """The error of a statement that must fail."""
    with pytest.raises(psycopg.Error) as caught, host.connection.transaction():
        host.rows(statement, *parameters)
    return caught.value


@pytest.mark.parametrize("secret", BAD_SECRETS.values(), ids=BAD_SECRETS)
def test_bad_secrets(sandbox: Host, secret: str) -> None:
    """The function refuses it and says what a key is; the table refuses it to a superuser's INSERT too."""
    created = steps.endpoint(sandbox)

    by_function = refusal(sandbox, CREATE, CLINIC, URL, secret)
    by_table = refusal(sandbox, INSERT_SECRET, CLINIC, created.id, secret)

    assert by_function.diag.message_primary == "a signing key is whsec_ followed by the base64 of 24 to 64 random bytes"
    assert by_function.diag.message_hint == "Leave it out to have one made."
    assert isinstance(by_table, psycopg.DataError | psycopg.IntegrityError)
    assert sandbox.value("select count(*) from outbound_webhooks.endpoint_secrets") == 1


@pytest.mark.parametrize("count", [24, 25, 26, 64])
def test_keys_of_any_allowed_length(sandbox: Host, count: int) -> None:
    """24 to 64 bytes, with and without padding, are taken as they are."""
    created = steps.endpoint(sandbox, secret=key(count))

    assert created.secret == key(count)


def test_a_key_is_made(sandbox: Host) -> None:
    """Without a key the function makes one of 32 random bytes, another one each time, and returns it this once."""
    created = [steps.endpoint(sandbox) for _ in range(2)]
    kept = [row["secret"] for row in sandbox.rows("select secret from outbound_webhooks.endpoint_secrets order by id")]

    assert kept == [endpoint.secret for endpoint in created]
    assert len({endpoint.secret for endpoint in created}) == 2
    assert [len(base64.b64decode(endpoint.secret.removeprefix("whsec_"))) for endpoint in created] == [32, 32]


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("clinic_id", "", "clinic_id_is_not_empty"),
        ("event_types", [], "event_types_are_patterns"),
        ("event_types", ["payment_transaction"], "event_types_are_patterns"),
        ("event_types", ["*.created"], "event_types_are_patterns"),
        ("event_types", ["a.b c.d"], "event_types_are_patterns"),
        ("event_types", ["a.b", None], "event_types_are_patterns"),
        ("filter", "[]", "filter_is_an_object"),
        ("filter", '{"a": [{"b": 1e400}]}', "filter_numbers_are_doubles"),
        ("filter", '{"a": -1e400}', "filter_numbers_are_doubles"),
        ("filter", '{"a": 1e-400}', "filter_numbers_are_doubles"),
        ("filter", json.dumps({"a": "x" * 4088}), "filter_is_short"),
        ("filter", json.dumps({"a": [1e300] * 14}), "filter_is_short"),
        ("filter", json.dumps({"a": "é" * 2044}), "filter_is_short"),
        ("filter", json.dumps({"a": list(range(21))}), "filter_arrays_are_short"),
        ("filter", json.dumps({"a": [{"b": [[1] * 21]}]}), "filter_arrays_are_short"),
        ("ordering", "fifo", "ordering_is_known"),
        ("max_in_flight", 0, "max_in_flight_is_bounded"),
        ("max_in_flight", 1001, "max_in_flight_is_bounded"),
        ("timeout_seconds", 0, "timeout_is_bounded"),
        ("timeout_seconds", 61, "timeout_is_bounded"),
        ("retry_schedule", [], "retry_schedule_is_bounded"),
        ("retry_schedule", [-1], "retry_schedule_is_bounded"),
        ("retry_schedule", [0, 604801], "retry_schedule_is_bounded"),
        ("retry_schedule", [0, None], "retry_schedule_is_bounded"),
    ],
)
def test_bad_options(sandbox: Host, column: str, value: Any, constraint: str) -> None:
    """Every option has its bounds in the table, so that the function and any other way in have the same."""
    options = {"clinic_id": CLINIC, "url": URL, column: value}
    names = ", ".join(f"p_{name} => %s" for name in options)

    by_function = refusal(sandbox, f"select outbound_webhooks.create_endpoint({names})", *options.values())

    assert by_function.diag.constraint_name == f"endpoints_{constraint}"


def test_numbers_that_can_be_read(sandbox: Host) -> None:
    """As large and as small as a double is, and whole ones; beside what is no number."""
    numbers = '{"a": [1e308, -1e308, 1e-300, 0.1, 12345678901234567890123, null, true, "1e400", {}, []]}'

    steps.endpoint(sandbox, filter=numbers)

    assert sandbox.value("select filter = %s::jsonb from outbound_webhooks.endpoints", numbers)


def test_filters_that_are_just_small_enough(sandbox: Host) -> None:
    """4,096 bytes; arrays of 20, beside and within each other; objects of more, as they cost nothing like it."""
    filters = [
        {"a": "x" * 4087}, {"a": "é" * 2043}, {"a": [[1] * 20] * 20, "b": [{"c": [1] * 20}]},
        {f"x{n}": n for n in range(21)},
    ]  # fmt: skip

    for wanted in filters:
        steps.endpoint(sandbox, filter=json.dumps(wanted))

    assert sandbox.value("select max(octet_length(filter::text)) from outbound_webhooks.endpoints") == 4096
    assert sandbox.value("select count(*) from outbound_webhooks.endpoints") == len(filters)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("state = 'broken'", "state_is_known"),
        ("state = 'disabled', state_reason = null", "disabled_has_a_reason"),
    ],
)
def test_bad_states(sandbox: Host, change: str, constraint: str) -> None:
    """An endpoint is active, paused, disabled with a reason, or retired."""
    steps.endpoint(sandbox)

    error = refusal(sandbox, f"update outbound_webhooks.endpoints set {change}")

    assert error.diag.constraint_name == f"endpoints_{constraint}"


def test_a_key_of_another_clinics_endpoint(sandbox: Host) -> None:
    """A key belongs to the clinic of its endpoint."""
    created = steps.endpoint(sandbox)

    error = refusal(sandbox, INSERT_SECRET, "another clinic", created.id, SECRET)

    assert error.diag.constraint_name == "endpoint_secrets_of_an_endpoint"


REPLACE = "select outbound_webhooks.replace_value('signing-key', %s, %s, %s)"


def test_sealing(sandbox: Host) -> None:
    """A clear key is offered for sealing, and is replaced by its sealed form; sealed ones are not offered again."""
    first, second = steps.endpoint(sandbox, secret=SECRET), steps.endpoint(sandbox)
    clear = sandbox.rows("select * from outbound_webhooks.unsealed_values() order by id")

    replaced = sandbox.value(REPLACE, clear[0]["id"], clear[0]["version"], "sealed")
    left = sandbox.rows("select endpoint_id from outbound_webhooks.unsealed_values()")
    stored = sandbox.rows(
        "select secret, sealed from outbound_webhooks.endpoint_secrets where endpoint_id = %s", first.id
    )

    assert [(row["kind"], row["name"], row["clinic_id"], row["endpoint_id"], row["value"]) for row in clear] == [
        ("signing-key", None, CLINIC, first.id, SECRET),
        ("signing-key", None, CLINIC, second.id, second.secret),
    ]
    assert replaced is True
    assert stored == [{"secret": None, "sealed": "sealed"}]
    assert left == [{"endpoint_id": second.id}]


def test_sealing_what_changed(host: Host) -> None:
    """A key that was changed or sealed meanwhile is left alone: its own sealed form comes in the next round."""
    steps.endpoint(host, secret=SECRET)
    (clear,) = host.rows("select * from outbound_webhooks.unsealed_values()")

    host.rows("update outbound_webhooks.endpoint_secrets set secret = %s", key(24))
    after_a_change = host.value(REPLACE, clear["id"], clear["version"], "sealed")
    changed = host.rows("select secret, sealed from outbound_webhooks.endpoint_secrets")
    host.rows("update outbound_webhooks.endpoint_secrets set secret = null, sealed = 'sealed by another'")
    after_another = host.value(REPLACE, clear["id"], clear["version"], "sealed")

    assert (after_a_change, after_another) == (False, False)
    assert changed == [{"secret": key(24), "sealed": None}]
    assert host.rows("select sealed from outbound_webhooks.endpoint_secrets") == [{"sealed": "sealed by another"}]


def test_as_many_as_a_clinic_may_have(sandbox: Host) -> None:
    """A payment writes a row for each endpoint: a clinic has a limit, retired ones and other clinics apart."""
    sandbox.rows("update outbound_webhooks.settings set max_endpoints_per_clinic = 2")
    first = steps.endpoint(sandbox)
    steps.endpoint(sandbox)
    steps.endpoint(sandbox, "another clinic")

    error = refusal(sandbox, CREATE, CLINIC, URL, None)
    steps.set_state(sandbox, first.id, "retired")
    steps.endpoint(sandbox)

    assert error.diag.message_primary == (
        "clinic clinic-1 has as many endpoints as settings.max_endpoints_per_clinic allows"
    )
    assert error.diag.message_hint == "Retire one that is not needed any more."


def test_two_at_once_do_not_pass_the_limit(host: Host, connect: Connect) -> None:
    """Two sessions create the last endpoint that a clinic may have: the second waits for the first, and is refused."""
    host.rows("update outbound_webhooks.settings set max_endpoints_per_clinic = 1")
    first, second = connect(), connect()
    with background() as running:
        with first.connection.transaction():
            first.rows(CREATE, CLINIC, URL, None)
            call = running.submit(refusal, second, CREATE, CLINIC, URL, None)
            until_blocked(host, second, call)
        error = call.result(timeout=60)

    assert error.sqlstate == "54000"
    assert host.value("select count(*) from outbound_webhooks.endpoints") == 1
