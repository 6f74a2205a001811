"""A filter that cannot be meant: every list says where, and shows nothing, as without it there would be more."""

import pytest

from tests.admin.client import Api
from tests.admin.test_ui_frame import looked_at
from tests.sql.replaying import dead, start_replay
from tests.support.host import CLINIC, Host

ENDPOINT = "/ui/endpoints/1/deliveries"
LEDGER = "/ui/operations/capture-errors"
OVER = "since=2026-03-02T00:00&until=2026-03-01"


@pytest.fixture
def api_database(host: Host) -> str:
    """A database with something in every list."""
    dead(host, 1)
    start_replay(host, endpoint_id=1)
    host.rows("select outbound_webhooks.record_audit('endpoint.paused', %s, 'endpoint 1', '{}')", CLINIC)
    host.rows(
        "insert into outbound_webhooks.capture_errors (source, operation, error_code, message)"
        " values ('s', 'INSERT', 'XX000', 'm')"
    )
    return host.url


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("/ui/deliveries", "since=yesterday", "since"),
        ("/ui/events", "since=yesterday", "since"),
        ("/ui/dead", "until=2026-03-01T00:00:00Y", "until"),
        (ENDPOINT, "state=failed", "state"),
        ("/ui/endpoints", "state=broken", "state"),
        ("/ui/endpoints", f"text={'x' * 201}", "text"),
        ("/ui/replays", "kind=x", "kind"),
        ("/ui/replays", "endpoint_id=٣", "endpoint_id"),
        ("/ui/audit", "since=yesterday", "since"),
        ("/ui/audit", OVER, "until"),
        ("/ui/audit", "is_denied=maybe", "is_denied"),
        ("/ui/audit", "action=%21", "action"),
        (LEDGER, f"source={'x' * 201}", "source"),
        (LEDGER, "until=1700000000", "until"),
        (LEDGER, "is_open=yes", "is_open"),
        (LEDGER, OVER, "until"),
    ],
)
async def test_a_list(api: Api, path: str, query: str, name: str) -> None:
    """The answer is 422; the field has its error; there is no row."""
    key = api.make_key("operator")

    all_of_it = looked_at(await api.ask("GET", path, key=key))
    refused = looked_at(await api.ask("GET", f"{path}?{query}", key=key))

    assert (all_of_it.status, "<tbody>" in all_of_it.text) == (200, True)
    assert (refused.status, "<tbody>" in refused.text) == (422, False)
    assert "Nothing is shown: the filter is not valid." in refused.text
    assert f'id="{name}-error"' in refused.text
