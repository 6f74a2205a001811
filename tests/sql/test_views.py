"""The views of operators: explained in their comments, and on a page whose queries run; and no secret in them."""

import re

import pytest

from tests.sql.clinics import MINE, THEIRS, populate
from tests.sql.viewing import VIEWS, as_monitor, view
from tests.support.host import Host
from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "views.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^```sql\n(.*?);\n```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def shared(sandbox: Host) -> Host:
    """A host with rows of two clinics in every table."""
    populate(sandbox, MINE)
    populate(sandbox, THEIRS)
    return sandbox


@pytest.mark.parametrize("name", VIEWS)
def test_every_column_is_explained(sandbox: Host, name: str) -> None:
    """In the database itself, for `\\d+` and for the SQL reference."""
    rows = sandbox.rows(
        "select attname::text as name, col_description(attrelid, attnum) as comment from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0",
        f"outbound_webhooks.{name}",
    )

    assert [row["name"] for row in rows if not row["comment"]] == []
    assert len(rows) > 6


def test_the_page_has_each_of_them() -> None:
    """A heading, and under it a query of the view."""
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))

    assert sections.keys() == set(VIEWS)
    assert all(f"from outbound_webhooks.{name}\n" in text for name, text in sections.items())


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: re.findall(r"webhooks\.(\w+)", query)[0])
def test_the_queries_of_the_page(shared: Host, query: str) -> None:
    """The monitor may run each, and it shows something of what there is."""
    shared.rows("update outbound_webhooks.deliveries set next_attempt_at = next_attempt_at - interval '1 hour'")
    shared.rows("update outbound_webhooks.endpoints set state_changed_at = state_changed_at - interval '1 hour'")

    assert as_monitor(shared, query) != []


def test_the_codes_of_the_page(sandbox: Host) -> None:
    """The page has a row for each code of a stuck delivery, as the view has them, and for each reason of a backlog."""
    definition = str(sandbox.value("select pg_get_viewdef('outbound_webhooks.stuck_deliveries'::regclass)"))
    codes = set(re.findall(r"\(\s*\d+\s*,\s*'(\w+)'", definition))
    section = PAGE.partition("## `stuck_deliveries`")[2]

    told = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    assert {code for cell in told for code in re.findall(r"`(\w+)`", cell)} - {"code"} == codes
    assert len(codes) == 12


@pytest.mark.parametrize("name", VIEWS)
def test_no_url_and_no_secret(shared: Host, name: str) -> None:
    """Whatever a dashboard shows of a view: no path of a URL, no body, no key, and not which payment it is about."""
    shared.rows("alter table outbound_webhooks.endpoints disable trigger user")
    shared.rows("update outbound_webhooks.endpoints set url = 'https://u:secret@clinic.example/secret?secret'")
    shared.rows("update outbound_webhooks.deliveries set ordering_key = 'secret'")
    shared.rows("update outbound_webhooks.events set body = 'secret', resource_id = 'secret'")
    shared.rows("update outbound_webhooks.capture_errors set message = 'secret'")

    rows = view(shared, name)

    assert rows != [] or name == "stuck_deliveries"
    assert "secret" not in str(rows)
