"""The bad inputs of the table, each with the answer that it has to have."""

import json

import pytest

from tests.admin.client import API, Api
from tests.support.bad_inputs import BAD_REQUESTS, PASSWORD

ENDPOINTS = "select to_jsonb(e)::text from outbound_webhooks.endpoints as e order by id"


@pytest.fixture
def api_database(database_url: str) -> str:
    """A database of each test's own."""
    return database_url


@pytest.mark.parametrize("name", BAD_REQUESTS)
async def test_a_bad_input(api: Api, name: str) -> None:
    """It is refused as the table says, no password is repeated, and nothing is made or changed."""
    method, path, body, status, code, field = BAD_REQUESTS[name]
    number = api.value("select endpoint_id from outbound_webhooks.create_endpoint('a', 'https://clinic.example/')")
    before = api.database.execute(ENDPOINTS).fetchall()

    answer = await api.ask(method, API + path.format(endpoint=number), key=api.make_key("owner", "a"), body=body)

    assert answer.refusal == (status, code)
    assert [error["path"].split("/")[1] for error in answer.json.get("errors", [])][:1] == [field[1:]] * bool(field)
    assert PASSWORD not in json.dumps(answer.json)
    assert api.database.execute(ENDPOINTS).fetchall() == before
