"""What the API says when the database does not do what it should."""

import pytest

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
