"""Endpoints as tests of the admin API make them: over HTTP, and in the database behind it."""

import json
from typing import Any

from tests.admin.client import API, Answer, Api

ENDPOINTS = f"{API}/endpoints"
URL = "https://clinic.example/webhooks"


async def made(api: Api, key: str, query: str = "", **options: object) -> dict[str, Any]:
    """Make an endpoint; returns the answer's body."""
    answer = await api.ask("POST", ENDPOINTS + query, key=key, body={"url": URL, **options})
    assert answer.status == 201, answer.text
    body: dict[str, Any] = answer.json
    return body


def put(api: Api, clinic: str, url: str = URL, **options: object) -> int:
    """Make an endpoint of a clinic as a DBA makes it; options are parameters of create_endpoint without p_."""
    names = "".join(f", p_{name} => %s" for name in options)
    endpoint_id = api.value(
        f"select endpoint_id from outbound_webhooks.create_endpoint(%s, %s{names})", clinic, url, *options.values()
    )
    assert isinstance(endpoint_id, int)
    return endpoint_id


def row_of(api: Api, endpoint_id: int) -> dict[str, Any]:
    """All that the database has of an endpoint: its row, its keys and its headers."""
    found: dict[str, Any] = json.loads(
        api.value(
            "select jsonb_build_object("
            "  'endpoint', (select to_jsonb(e) from outbound_webhooks.endpoints as e where e.id = %s),"
            "  'keys', (select jsonb_agg(to_jsonb(s) order by s.id) from outbound_webhooks.endpoint_secrets as s"
            "    where s.endpoint_id = %s),"
            "  'headers', (select jsonb_agg(to_jsonb(h) order by h.name) from outbound_webhooks.endpoint_headers as h"
            "    where h.endpoint_id = %s))::text",
            *(endpoint_id,) * 3,
        )
    )
    return found


def paths(answer: Answer) -> list[str]:
    """Which fields a problem names."""
    return [error["path"] for error in answer.json["errors"]]
