"""What the API says when the database does not do what it should."""

import psycopg
import pytest

from dispatcher.admin.refusals import refusal
from tests.admin.client import API, Api


@pytest.fixture
def api_database(database_url: str) -> str:
    """A database of each test's own, as it changes functions in it."""
    return database_url


@pytest.mark.parametrize(("errcode", "expected"), [("53300", (503, "unavailable")), ("22012", (500, "internal"))])
async def test_the_database_fails(api: Api, errcode: str, expected: tuple[int, str]) -> None:
    """Too busy or gone is 503, with when to come again; an error of ours is 500. Neither says more, nor lets in."""
    key = api.make_key("owner", "a")
    api.run(
        "create or replace function outbound_webhooks.find_api_key(p_id bigint) returns table (digest bytea,"
        " clinic_id text, role text, is_live boolean, is_noted boolean) language plpgsql security definer"
        f" as $$ begin raise exception 'planted' using errcode = '{errcode}'; end $$"
    )

    answer = await api.ask("GET", f"{API}/me", key=key)

    assert answer.refusal == expected
    assert "planted" not in answer.text
    assert ("Retry-After" in answer.headers) == (expected[0] == 503)


@pytest.mark.parametrize(
    ("errcode", "expected"),
    [
        ("22023", "refused"),  # invalid_parameter_value, and what else is the fault of who asks
        ("22004", "refused"),
        ("22003", "refused"),
        ("22007", "refused"),
        ("22008", "refused"),
        ("22001", "refused"),
        ("22P02", "refused"),
        ("23514", "refused"),
        ("55000", "conflict"),
        ("54000", "limit_reached"),
    ],
)
def test_what_the_database_refuses(lasting_database: str, errcode: str, expected: str) -> None:
    """What our functions refuse is said in the words of the first line; the second may be for a DBA."""
    problem = refusal(raised(lasting_database, errcode))

    assert problem is not None
    assert (problem.code, problem.detail) == (expected, "planted")


def test_what_is_not_there(lasting_database: str) -> None:
    """It is said of every id in the same words."""
    problem = refusal(raised(lasting_database, "P0002"))

    assert problem is not None
    assert (problem.code, problem.detail) == ("not_found", None)


@pytest.mark.parametrize("errcode", ["22012", "42501", "23505", "53300", "55P03", "57014"])
def test_what_is_no_refusal(lasting_database: str, errcode: str) -> None:
    """Division by zero, a missing right, a server that is too busy: not the fault of who asks."""
    assert refusal(raised(lasting_database, errcode)) is None


def test_a_day_without_a_partition(lasting_database: str) -> None:
    """PostgreSQL gives it the code of a check that was not passed: it is our outage all the same."""
    with psycopg.connect(lasting_database, autocommit=True) as connection, pytest.raises(psycopg.Error) as error:
        connection.execute(
            "insert into outbound_webhooks.events (id, clinic_id, type, resource, resource_id, occurred_at, body)"
            " values (outbound_webhooks.uuid_v7_floor('1999-01-01'), 'a', 'a.b', 'a', '1', now(), '{}')"
        )

    assert isinstance(error.value, psycopg.errors.CheckViolation)
    assert refusal(error.value) is None


async def test_many_days_are_being_read(api: Api) -> None:
    """Who waits for a turn at that holds a connection, and is told to come again before it is missed."""
    key = api.make_key("owner", "a")
    turn = "select pg_advisory_lock(hashtextextended('outbound_webhooks.statements_over_many_days', 0))"
    with psycopg.connect(api.database.info.dsn, autocommit=True) as other:
        other.execute(turn)
        answer = await api.ask("GET", f"{API}/deliveries/4711", key=key)

    assert answer.refusal == (503, "unavailable")
    assert "Retry-After" in answer.headers


def raised(url: str, errcode: str) -> psycopg.Error:
    """What a function raises with this code, as the program sees it."""
    with psycopg.connect(url, autocommit=True) as connection, pytest.raises(psycopg.Error) as error:
        connection.execute(
            f"do $$ begin raise exception E'planted\\nsecond' using errcode = '{errcode}'; end $$".encode()
        )
    return error.value
