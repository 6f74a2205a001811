"""The audit page: who did what in words, what was changed, what was denied; and no action without words."""

import re
from pathlib import Path

import pytest

from dispatcher.admin.ui.differences import MOST, described
from dispatcher.admin.ui.wording.audit import ACTIONS, DEEDS, THINGS, TRIED
from dispatcher.core.access import ACCESS
from tests.admin.client import API, Answer, Api
from tests.admin.test_ui_frame import looked_at

FUNCTIONS = Path(__file__).parents[2] / "sql_functions"
WRITE = "select outbound_webhooks.record_audit(%s, %s, %s, %s)"
NASTY = "<script>alert('x')</script>\"><img src=x>"


async def shown(api: Api, key: str, query: str = "") -> Answer:
    """The page."""
    answer = looked_at(await api.ask("GET", f"/ui/audit{query}", key=key))
    assert answer.status == 200
    return answer


async def test_a_change(api: Api) -> None:
    """In words, to what, by whom, from where; before and after; the thing is a link to its page."""
    api.run(
        WRITE, "endpoint.paused", "a", "endpoint 7",
        '{"before": {"state": "active"}, "after": {"state": "paused", "state_reason": "holidays"}}',
    )  # fmt: skip

    page = (await shown(api, api.make_key("owner", "a"))).text

    for text in (
        "Endpoint paused",
        '<a href="/ui/endpoints/7">endpoint 7</a>',
        "<del>active</del>",
        "<ins>paused</ins>",
        "<ins>holidays</ins>",
    ):
        assert text in page


async def test_a_denial(api: Api) -> None:
    """Marked with a word, and said as what was tried."""
    manager = api.make_key("manager", "a")
    await api.ask("DELETE", f"{API}/api-keys/7", key=manager)

    page = (await shown(api, manager, "?is_denied=true")).text

    assert re.search(r'class="badge bad">.*?Denied</span>\s*Revoke an API key', page, re.DOTALL)
    assert "DELETE /api/webhooks/api-keys/7" in page


async def test_filters_stand_in_the_url(api: Api) -> None:
    """And in the form; times without a zone are in UTC."""
    for action in ("endpoint.paused", "endpoint.resumed", "replay.started"):
        api.run(WRITE, action, "a", "endpoint 1", "{}")
    key = api.make_key("owner", "a")

    of_a_thing = (await shown(api, key, "?action=endpoint.*&since=2020-01-01T00:00")).text
    later = (await shown(api, key, "?since=9000-01-01T00:00")).text

    rows = of_a_thing.partition("<tbody>")[2]
    assert ("Endpoint paused" in rows, "Endpoint resumed" in rows, "Replay started" in rows) == (True, True, False)
    assert '<option value="endpoint.*" selected>' in of_a_thing
    assert 'value="2020-01-01T00:00:00"' in of_a_thing
    assert "No line fits" in later


async def test_pages(api: Api) -> None:
    """Fifty at a time; the next page keeps the filters."""
    for number in range(51):
        api.run(WRITE, "endpoint.paused", "a", f"endpoint {number}", "{}")
    key = api.make_key("owner", "a")

    first = (await shown(api, key, "?action=endpoint.paused")).text
    (older,) = re.findall(r'rel="next" href="([^"]*)"', first)
    second = (await shown(api, key, older.partition("/ui/audit")[2].replace("&amp;", "&"))).text

    assert (first.count("<tr>"), second.count("<td><time")) == (51, 1)
    assert "action=endpoint.paused" in older
    assert ">endpoint 0</a>" in second


async def test_nothing_yet(api: Api) -> None:
    """Says what will be here; who has another clinic sees nothing of this one."""
    api.run(WRITE, "endpoint.paused", "b", "endpoint 7", "{}")

    page = (await shown(api, api.make_key("manager", "a"), "?is_denied=true")).text

    assert "No line fits" in page
    assert "endpoint 7" not in page


async def test_what_an_attacker_wrote(api: Api) -> None:
    """It is text, in every place."""
    api.run(
        "insert into outbound_webhooks.audit_log (action, clinic_id, subject, actor, address, request_id, details)"
        " values ('host.deed', 'a', %s, %s, %s, %s,"
        " jsonb_build_object(%s::text, %s::text, 'after', jsonb_build_object(%s::text, 1)))",
        *[NASTY] * 7,
    )

    page = (await shown(api, api.make_key("owner", "a"))).text

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<code>host.deed</code>" in page


def test_details() -> None:
    """What was changed, field by field; what else is said; values as JSON, but for text; cut where they are long."""
    found = described(
        {
            "before": {"a": None, "b": "x", "d": ""},
            "after": {"b": "y", "c": [1], "d": None},
            "rate": 50,
            "e": "z" * 9000,
        }
    )

    assert [(one.name, one.before, one.after) for one in found.changed] == [
        ("a", None, None), ("b", "x", "y"), ("c", None, "[1]"), ("d", "", None),
    ]  # fmt: skip
    assert found.said["rate"] == "50"
    assert len(found.said["e"]) == MOST + 1
    assert described({"before": 7, "after": {}}).said == {"before": "7"}


def test_every_attempt_has_words() -> None:
    """What can be denied is what there is to be allowed."""
    assert ACCESS.keys() == TRIED.keys()


def named_in_functions() -> set[str]:
    """The actions that functions write by name, and those of replays."""
    text = "\n".join(file.read_text() for file in sorted(FUNCTIONS.glob("*.sql")))
    written = set(re.findall(r"(?:record_audit|audit_portal_session)\(\s*'([a-z_]+\.[a-z_]+)'", text))
    deeds = {deed for deed in ("started", "resumed", "stopped") if f"'.{deed}'" in text}
    return written | {f"{kind}.{deed}" for kind in ("replay", "reevaluation") for deed in deeds}


def test_every_deed_of_a_function_has_words() -> None:
    """Each that the functions write by name."""
    found = named_in_functions()

    assert {"delivery.retried", "portal_session.opened", "replay.stopped", "capture_error.recaptured"} <= found
    assert found <= DEEDS.keys()


# What becomes of a row, as columns before and after: each state, key and date that audit_action() tells apart.
STEPS = (
    ("INSERT", None, "{}"), ("DELETE", "{}", None), ("TRUNCATE", None, None), ("UPDATE", '{"a": 1}', '{"a": 2}'),
    ("UPDATE", '{"revoked_at": null}', '{"revoked_at": "2026-01-01"}'),
    ("UPDATE", '{"valid_until": null}', '{"valid_until": "2026-01-01"}'),
    ("UPDATE", '{"valid_until": null}', '{"valid_until": "9000-01-01"}'),
    *(("UPDATE", '{"state": "x"}', f'{{"state": "{state}"}}') for state in ("active", "paused", "disabled", "retired")),
)  # fmt: skip


async def test_every_deed_of_a_trigger_has_words(api: Api) -> None:
    """Each thing whose rows are audited, and each step that its columns can take."""
    audited = re.findall(r"audit_table\(\s*'(\w+)',\s*'(\w+)'", (FUNCTIONS / "85_attach_triggers.sql").read_text())
    columns = "select array_agg(attname::text) from pg_attribute where attrelid = %s::regclass and attnum > 0"
    missing = set()

    for table, thing in audited:
        has = {*api.value(columns, f"outbound_webhooks.{table}")}
        for operation, before, after in STEPS:
            changed = set(re.findall(r'"(\w+)":', before or "")) & {"revoked_at", "valid_until", "state"}
            action = api.value("select outbound_webhooks.audit_action(%s, %s, %s, %s)", thing, operation, before, after)
            missing |= {action} if changed <= has and action not in DEEDS else set()

    assert len(audited) == 7
    assert missing == set()


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_of_a_thing(action: str) -> None:
    """By which the filter groups them."""
    assert action.partition(".")[0] in THINGS
