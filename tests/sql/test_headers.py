"""Headers of an endpoint: every way in holds them to the rules."""

import json

import psycopg
import pytest

from tests.sql import steps
from tests.sql.header_steps import AUTHORIZE, INSERT, SET, insert_all, refused, seal_all, set_headers, stored
from tests.sql.steps import endpoint
from tests.support.bad_headers import BAD_HEADERS, BAD_SETS, CANARY, GOOD_HEADERS
from tests.support.host import CLINIC, Host

CREATE = "select * from outbound_webhooks.create_endpoint(%s, %s, p_headers => %s::jsonb)"
UPDATE = "update outbound_webhooks.endpoint_headers set name = %s, value = %s where name = 'x-before'"


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
