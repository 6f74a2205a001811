"""Headers of an endpoint: every way in holds them to the rules; what is listed, claimed, sealed; when they go."""

import json

import psycopg
import pytest

from dispatcher.core.sealing import HEADER, SIGNING_KEY, Keyring, SealingError, purpose_of, seal, unseal
from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import claim, emit, endpoint, register
from tests.support.bad_headers import BAD_HEADERS, BAD_SETS, CANARY, GOOD_HEADERS
from tests.support.host import CLINIC, Host

SET = "select outbound_webhooks.set_headers(%s, %s::jsonb)"
AUTHORIZE = "select outbound_webhooks.set_authorization(%s, %s, %s, %s)"
LIST = "select * from outbound_webhooks.list_headers(%s)"
CREATE = "select * from outbound_webhooks.create_endpoint(%s, %s, p_headers => %s::jsonb)"
INSERT = "insert into outbound_webhooks.endpoint_headers (clinic_id, endpoint_id, name, value) values (%s, %s, %s, %s)"
UPDATE = "update outbound_webhooks.endpoint_headers set name = %s, value = %s where name = 'x-before'"
REPLACE = "select outbound_webhooks.replace_value('header', %s, %s, %s)"

RING = Keyring("k1", {"k1": bytes(32)})


def set_headers(host: Host, endpoint_id: int, **headers: str) -> None:
    """Set the headers of an endpoint, named with underscores."""
    host.rows(SET, endpoint_id, json.dumps({name.replace("_", "-"): value for name, value in headers.items()}))


def stored(host: Host, endpoint_id: int) -> dict[object, object]:
    """What stands in the table for an endpoint: values in clear, or sealed."""
    rows = host.rows(
        "select name, coalesce(value, sealed) as value from outbound_webhooks.endpoint_headers where endpoint_id = %s",
        endpoint_id,
    )
    return {row["name"]: row["value"] for row in rows}


def refused(host: Host, statement: str, *parameters: object) -> psycopg.Error:
    """The error of a statement that must fail; it changed no header, and holds no value."""
    before = host.rows("select * from outbound_webhooks.endpoint_headers order by id")
    with pytest.raises(psycopg.Error) as caught, host.connection.transaction():
        host.rows(statement, *parameters)
    assert host.rows("select * from outbound_webhooks.endpoint_headers order by id") == before
    said = (caught.value.diag.message_primary, caught.value.diag.message_detail, caught.value.diag.context)
    assert CANARY not in str(said)
    return caught.value


def insert_all(host: Host, endpoint_id: int, headers: dict[str, str]) -> None:
    """Insert headers one by one, or none of them."""
    with host.connection.transaction():
        for name, value in headers.items():
            host.rows(INSERT, CLINIC, endpoint_id, name, value)


def seal_all(host: Host) -> None:
    """Seal every header, as the leader does."""
    for row in host.rows("select * from outbound_webhooks.unsealed_values() where kind = 'header'"):
        purpose = purpose_of(HEADER, str(row["name"]))
        sealed = seal(RING, purpose, str(row["clinic_id"]), int(str(row["endpoint_id"])), str(row["value"]), bytes(12))
        assert host.value(REPLACE, row["id"], row["version"], sealed) is True


@pytest.mark.parametrize(("name", "value", "code"), BAD_HEADERS)
def test_bad_headers(sandbox: Host, name: str, value: str, code: str) -> None:
    """By set_headers, create_endpoint, a superuser's INSERT and UPDATE: refused with its code, and not repeated."""
    created = endpoint(sandbox)
    set_headers(sandbox, created.id, x_before="as it was")
    headers = json.dumps({"x-good": "a", name: value})

    errors = [
        refused(sandbox, SET, created.id, headers),
        refused(sandbox, CREATE, CLINIC, steps.URL, headers),
        refused(sandbox, INSERT, CLINIC, created.id, name, value),
        refused(sandbox, UPDATE, name, value),
    ]

    assert [(error.sqlstate, error.diag.constraint_name) for error in errors] == [("22023", code)] * 4
    assert sandbox.value("select count(*) from outbound_webhooks.endpoints") == 1


@pytest.mark.parametrize(("headers", "code"), BAD_SETS)
def test_bad_sets(sandbox: Host, headers: dict[str, str], code: str) -> None:
    """Too many, too much or one of them twice, at once or added one by one."""
    created = endpoint(sandbox)

    at_once = refused(sandbox, SET, created.id, json.dumps(headers))
    with pytest.raises(psycopg.Error) as one_by_one:
        insert_all(sandbox, created.id, headers)

    assert at_once.diag.constraint_name == one_by_one.value.diag.constraint_name == code
    assert CANARY not in str(one_by_one.value.diag.message_primary)


def test_sealed_ones_count_as_much(sandbox: Host) -> None:
    """What was sealed meanwhile weighs what it weighed in clear: not a byte more, and not a byte less."""
    created = endpoint(sandbox)
    set_headers(sandbox, created.id, **{f"x_{n}": "a" * 4000 for n in range(4)})
    seal_all(sandbox)
    left = 16384 - 4 * (len("x-0") + 4000) - len("x-a")

    error = refused(sandbox, INSERT, CLINIC, created.id, "x-a", "a" * (left + 1))
    sandbox.rows(INSERT, CLINIC, created.id, "x-a", "a" * left)

    assert error.diag.constraint_name == "header_size"


@pytest.mark.parametrize(("name", "value"), GOOD_HEADERS)
def test_good_headers(sandbox: Host, name: str, value: str) -> None:
    """Taken as they are, their names in lower case, through the functions and through INSERT."""
    headers = json.dumps({name: value})
    (created,) = sandbox.rows(CREATE, CLINIC, steps.URL, headers)
    set_afterwards, inserted = endpoint(sandbox), endpoint(sandbox)
    sandbox.rows(SET, set_afterwards.id, headers)
    sandbox.rows(INSERT, CLINIC, inserted.id, name, value)

    for endpoint_id in (int(str(created["endpoint_id"])), set_afterwards.id, inserted.id):
        assert stored(sandbox, endpoint_id) == {name.lower(): value}


@pytest.mark.parametrize("headers", ["null", None, "[]", '"a"', "7", '{"x-a": 7}', '{"x-a": null}', '{"x-a": ["b"]}'])
def test_what_is_no_object_of_texts(sandbox: Host, headers: str | None) -> None:
    """Headers are a JSON object of texts; a null removes nothing."""
    created = endpoint(sandbox)
    set_headers(sandbox, created.id, x_a="as it was")

    error = refused(sandbox, SET, created.id, headers)

    assert error.diag.message_primary == "headers are a JSON object of names and texts"
    assert error.diag.constraint_name == "header_value"


def test_all_are_replaced(sandbox: Host) -> None:
    """What is not named any more is gone; an empty object removes all; other endpoints keep theirs."""
    created, other = endpoint(sandbox), endpoint(sandbox)
    set_headers(sandbox, other.id, x_a="another's")
    set_headers(sandbox, created.id, x_a="1", x_b="2")

    set_headers(sandbox, created.id, x_b="3", x_c="4")
    replaced = stored(sandbox, created.id)
    sandbox.rows(SET, created.id, "{}")

    assert replaced == {"x-b": "3", "x-c": "4"}
    assert stored(sandbox, created.id) == {}
    assert stored(sandbox, other.id) == {"x-a": "another's"}


@pytest.mark.parametrize(
    ("scheme", "user", "secret", "expected"),
    [
        # RFC 7617, 2 and 2.1; RFC 6750, 2.1
        ("basic", "Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("basic", "test", "123£", "Basic dGVzdDoxMjPCow=="),
        ("basic", "sk_live_key", "", "Basic c2tfbGl2ZV9rZXk6"),
        ("basic", "", "only:password", "Basic Om9ubHk6cGFzc3dvcmQ="),
        ("bearer", None, "mF_9.B5f-4.1JqM", "Bearer mF_9.B5f-4.1JqM"),
    ],
)
def test_authorization(sandbox: Host, scheme: str, user: str | None, secret: str, expected: str) -> None:
    """The header is built as its RFC says; the other headers stay, and the one before it goes."""
    created = endpoint(sandbox)
    set_headers(sandbox, created.id, x_a="1", authorization="Bearer before")

    sandbox.rows(AUTHORIZE, created.id, scheme, user, secret)

    assert stored(sandbox, created.id) == {"x-a": "1", "authorization": expected}


def test_a_long_password(sandbox: Host) -> None:
    """Base64 has no line breaks, however long it is."""
    created = endpoint(sandbox)

    sandbox.rows(AUTHORIZE, created.id, "basic", "user", "p" * 2000)

    assert "\n" not in str(stored(sandbox, created.id)["authorization"])


@pytest.mark.parametrize(
    ("scheme", "user", "secret", "message"),
    [
        ("digest", "user", CANARY, "the scheme is basic or bearer"),
        ("Basic", "user", CANARY, "the scheme is basic or bearer"),
        (None, "user", CANARY, "the scheme is basic or bearer"),
        ("basic", None, CANARY, "basic authorization has a user, which may be empty"),
        ("basic", "user", None, "there is no password or token"),
        ("basic", "", "", "user and password are both empty"),
        ("basic", f"us:{CANARY}", CANARY, "a user holds no colon and no control character"),
        ("basic", f"us\n{CANARY}", CANARY, "a user holds no colon and no control character"),
        ("basic", "user", f"{CANARY}\t", "a password holds no control character"),
        ("basic", "user", f"{CANARY}\x7f", "a password holds no control character"),
        ("basic", "user", CANARY + "a" * 4096, "the value of the header authorization has at most 4096 bytes"),
        ("bearer", "user", CANARY, "a bearer token has no user"),
        ("bearer", None, "", "the value of the header authorization is printable ASCII, with spaces and tabs only"),
        ("bearer", None, f"{CANARY} a", "a bearer token has letters, digits and -._~+/ only, and = only at its end"),
        ("bearer", None, f"{CANARY}\r\nx: y", "the value of the header authorization is printable ASCII, with"),
    ],
)
def test_bad_authorization(
    sandbox: Host, scheme: str | None, user: str | None, secret: str | None, message: str
) -> None:
    """What cannot be put into the header is refused, and not repeated."""
    created = endpoint(sandbox)
    set_headers(sandbox, created.id, authorization="Bearer before")

    error = refused(sandbox, AUTHORIZE, created.id, scheme, user, secret)

    assert str(error.diag.message_primary).startswith(message)
    assert str(error.diag.constraint_name).startswith("header_")


@pytest.mark.parametrize("statement", [SET, AUTHORIZE])
def test_which_endpoints_have_none(sandbox: Host, statement: str) -> None:
    """An endpoint that there is not, or that is retired, gets no headers; one that is retired loses those it has."""
    created = endpoint(sandbox)
    set_headers(sandbox, created.id, x_a="1")
    more = ("{}",) if statement == SET else ("bearer", None, "abc")

    unknown = refused(sandbox, statement, 4711, *more)
    sandbox.rows("select outbound_webhooks.retire_endpoint(%s)", created.id)
    left = stored(sandbox, created.id)
    retired = refused(sandbox, statement, created.id, *more)

    assert unknown.diag.message_primary == "there is no endpoint 4711"
    assert left == {}
    assert retired.diag.message_primary == f"endpoint {created.id} is retired, and cannot be given headers"


def test_of_another_clinics_endpoint(sandbox: Host) -> None:
    """A header belongs to the clinic of its endpoint."""
    error = refused(sandbox, INSERT, "another clinic", endpoint(sandbox).id, "x-a", "1")

    assert error.diag.constraint_name == "endpoint_headers_of_an_endpoint"


def test_the_list(sandbox: Host) -> None:
    """Names, since when, and by which master key they are sealed; what they hold is nowhere in it."""
    created = endpoint(sandbox)
    set_headers(sandbox, created.id, x_b=CANARY, x_a=CANARY)
    seal_all(sandbox)
    sandbox.rows(AUTHORIZE, created.id, "bearer", None, CANARY)

    rows = sandbox.rows(LIST, created.id)

    assert [(row["name"], row["sealed_with"]) for row in rows] == [
        ("authorization", None), ("x-a", "k1"), ("x-b", "k1"),
    ]  # fmt: skip
    assert all(row.keys() == {"name", "set_at", "sealed_with"} for row in rows)
    assert not any(value in str(rows) for value in (CANARY, "v1."))


def test_the_claim_has_them(sandbox: Host) -> None:
    """Every delivery has its endpoint's, sealed or still in clear; where there are none, it has none."""
    with_some, without = endpoint(sandbox), endpoint(sandbox)
    set_headers(sandbox, with_some.id, x_a="1")
    seal_all(sandbox)
    sandbox.rows(AUTHORIZE, with_some.id, "bearer", None, "abc")
    sealed = stored(sandbox, with_some.id)["x-a"]
    emit(sandbox, 2)

    claimed = claim(sandbox, register(sandbox))
    found = [(row["endpoint_id"], row["headers"] and sorted(row["headers"])) for row in claimed]

    expected = [["authorization", "Bearer abc", None], ["x-a", None, sealed]]
    assert sorted(found, key=str) == sorted([(with_some.id, expected), (without.id, None)] * 2, key=str)


def test_the_claim_looks_them_up_once_for_an_endpoint(sandbox: Host) -> None:
    """However many deliveries of an endpoint are claimed, its headers are looked for once, by an index."""
    scans = "select seq_scan, idx_scan from pg_stat_xact_user_tables where relname = 'endpoint_headers'"
    for _ in range(3):
        set_headers(sandbox, endpoint(sandbox).id, x_a="1")
    emit(sandbox, 5)
    dispatcher = register(sandbox)
    (before,) = sandbox.rows(scans)

    claimed = claim(sandbox, dispatcher)
    (after,) = sandbox.rows(scans)

    assert len(claimed) == 15
    assert after == {"seq_scan": before["seq_scan"], "idx_scan": int(str(before["idx_scan"])) + 3}


def test_sealing(sandbox: Host) -> None:
    """What is in clear is offered with its name; what is sealed in its place opens for that name alone."""
    first, second = endpoint(sandbox), endpoint(sandbox)
    set_headers(sandbox, first.id, x_a=CANARY, x_b="another")
    seal_all(sandbox)
    rows = sandbox.rows("select * from outbound_webhooks.sealed_values()")
    a, b = (str(row["sealed"]) for row in rows)

    assert [(row["kind"], row["name"], row["endpoint_id"]) for row in rows] == [
        ("header", "x-a", first.id), ("header", "x-b", first.id),
    ]  # fmt: skip
    assert sandbox.rows("select * from outbound_webhooks.unsealed_values() where kind = 'header'") == []
    assert unseal(RING, purpose_of(HEADER, "x-a"), CLINIC, first.id, a) == CANARY
    assert CANARY not in str(sandbox.rows("select * from outbound_webhooks.endpoint_headers"))
    for purpose, clinic, endpoint_id, sealed in (
        (purpose_of(HEADER, "x-a"), CLINIC, second.id, a),
        (purpose_of(HEADER, "x-a"), "another clinic", first.id, a),
        (purpose_of(HEADER, "x-a"), CLINIC, first.id, b),
        (SIGNING_KEY, CLINIC, first.id, a),
    ):
        with pytest.raises(SealingError, match="belongs to another endpoint or purpose"):
            unseal(RING, purpose, clinic, endpoint_id, sealed)


def test_sealing_what_changed(host: Host) -> None:
    """A header that was set anew meanwhile is left alone: its own sealed form comes in the next round."""
    created = endpoint(host)
    set_headers(host, created.id, x_a="1")
    (clear,) = host.rows("select * from outbound_webhooks.unsealed_values() where kind = 'header'")

    host.rows("update outbound_webhooks.endpoint_headers set value = '2'")
    changed = host.value(REPLACE, clear["id"], clear["version"], "v1.k1.abcd")
    set_headers(host, created.id, x_a="3")
    replaced = host.value(REPLACE, clear["id"], clear["version"], "v1.k1.abcd")

    assert (changed, replaced) == (False, False)
    assert stored(host, created.id) == {"x-a": "3"}


def test_two_add_the_last_ones_at_once(host: Host, connect: Connect) -> None:
    """A inserts the twentieth header in an open transaction: B waits for it, and its twenty-first is refused."""
    created = endpoint(host)
    set_headers(host, created.id, **{f"x_{n}": "a" for n in range(19)})
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            a.rows(INSERT, CLINIC, created.id, "x-a", "1")
            call = running.submit(b.rows, INSERT, CLINIC, created.id, "x-b", "1")
            until_blocked(host, b, call)
        error = call.exception(timeout=60)

    assert isinstance(error, psycopg.Error)
    assert error.diag.constraint_name == "header_count"
    assert len(stored(host, created.id)) == 20


def test_two_set_at_once(host: Host, connect: Connect) -> None:
    """A sets in an open transaction: B waits for it, and what B sets takes the place of all of A's."""
    created = endpoint(host)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            set_headers(a, created.id, x_a="A's", x_both="A's")
            call = running.submit(set_headers, b, created.id, x_b="B's", x_both="B's")
            until_blocked(host, b, call)
        call.result(timeout=60)

    assert stored(host, created.id) == {"x-b": "B's", "x-both": "B's"}


def test_nobody_waits_for_it(host: Host, connect: Connect) -> None:
    """A sets in an open transaction: a payment is captured and claimed with the old header; the leader seals others."""
    created, other = endpoint(host), endpoint(host, "clinic-2")
    set_headers(host, created.id, x_a="1")
    set_headers(host, other.id, x_b="2")
    a, b = connect(), connect()
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        a.rows(SET, created.id, "{}")
        b.pay()
        (claimed,) = claim(b, register(b))
        replaced = [
            (row["name"], b.value(REPLACE, row["id"], row["version"], "v1.k1.abcd"))
            for row in b.rows("select * from outbound_webhooks.unsealed_values() where kind = 'header' order by name")
        ]

    assert claimed["headers"] == [["x-a", "1", None]]
    assert replaced == [("x-a", False), ("x-b", True)]
    assert stored(host, created.id) == {}
