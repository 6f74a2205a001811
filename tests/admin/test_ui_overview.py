"""The overview: one sentence that answers, what needs attention and why, the last 24 hours; whose it is."""

import re

import pytest

from tests.admin.client import Api
from tests.admin.making import put
from tests.admin.pages import rows_of, text_of
from tests.admin.test_overview import HOUR
from tests.admin.test_ui_frame import looked_at
from tests.sql import steps
from tests.support.host import Host


@pytest.fixture
def api_database(database_url: str) -> str:
    """A database of the test's own, with a host in it."""
    return database_url


async def overview(api: Api, key: str, query: str = "", language: str = "en") -> str:
    """The page."""
    answer = await api.ask("GET", f"/ui/{query}", key=key, headers={"Accept-Language": language})
    assert answer.status == 200, answer.text
    return looked_at(answer).text


def verdict(html: str) -> str:
    """The first sentence."""
    found = re.search(r'<div class="note verdict \w+">(.*?)</div>\s*(<ul|<ol|<dl)', html, re.DOTALL)
    assert found is not None
    return text_of(found[1])[2:]


async def test_a_clinic_without_an_endpoint(api: Api) -> None:
    """Three steps to the first webhook, and no number."""
    html = await overview(api, api.make_key("owner", "a"))

    assert verdict(html) == "Nothing yet: there is no endpoint. The first webhook takes three steps."
    assert html.count('<li class="panel">') == 3
    assert 'href="/ui/endpoints/new"' in html
    assert "<svg" not in html


async def test_nothing_to_deliver(api: Api) -> None:
    """An endpoint to which nothing happened yet: that is well, and the charts say that they are empty."""
    put(api, "a")
    html = await overview(api, api.make_key("owner", "a"))

    assert verdict(html) == "Nothing is wrong: there was nothing to deliver in the last 24 hours."
    assert "Nothing was sent in the last 24 hours." in text_of(html, "overview")
    assert "Endpoints that need attention" not in html


async def test_all_is_well(api: Api, host: Host) -> None:
    """What arrived is counted and drawn; the chart's label says its numbers."""
    steps.endpoint(host, "a")
    steps.emit(host, 3, "a")
    steps.end_all(host, steps.SUCCEEDED)
    manager, hour, html = api.make_key("manager", "a"), None, ""

    while hour != host.value(HOUR):  # once more if the hour turned meanwhile
        hour = host.value(HOUR)
        host.rows("update outbound_webhooks.endpoint_hours set hour = %s", hour)
        html = await overview(api, manager)

    assert verdict(html) == "All is well: webhooks arrive."
    assert "Delivered 3 in the last 24 hours Success rate 100% of 3 requests in 24 hours" in text_of(html, "overview")
    assert "Requests in the last 24 hours: 3 succeeded, 0 failed. The most in an hour: 3 (this hour)." in html
    assert ["0", "0"] not in [row[1:3] for row in rows_of(html)][:2]


async def test_what_was_given_up(api: Api, host: Host) -> None:
    """It is said, and leads to what died, where the endpoint is well again."""
    steps.endpoint(host, "a")
    for values in (steps.DEAD, steps.SUCCEEDED):
        steps.emit(host, 1, "a")
        steps.end_all(host, values)

    html = await overview(api, api.make_key("owner", "a"))

    assert verdict(html).startswith("Webhooks arrive, but 1 delivery was given up in the last 24 hours.")
    assert 'href="/ui/dead"' in html


async def test_what_needs_attention(api: Api, host: Host) -> None:
    """The worst first, each with its reason in words, and what waits for it; a healthy one is not named."""
    named = {
        name: steps.endpoint(host, "a", description=name).id
        for name in ("well", "late", "held", "kept", "failing", "stopped", "disabled")
    }
    steps.emit(host, 2, "a")
    host.rows(
        "update outbound_webhooks.deliveries set next_attempt_at = next_attempt_at + interval '1 hour'"
        " where endpoint_id <> %s", named["late"],
    )  # fmt: skip
    host.rows(
        "update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() - interval '6 minutes'"
        " where endpoint_id = %s", named["late"],
    )  # fmt: skip
    host.rows("select outbound_webhooks.pause_endpoint(%s, 'we move')", named["kept"])
    steps.settle(host)
    steps.set_state(host, named["disabled"], "disabled")
    flow = "update outbound_webhooks.endpoint_flow set {} where endpoint_id = %s"
    host.rows(flow.format("held_until = clock_timestamp() + interval '1 hour'"), named["held"])
    host.rows(flow.format("failures = 1, failed_with = 'http_status 503'"), named["failing"])
    host.rows(
        flow.format("failures = 9, failed_with = 'timeout', breaker = 'open',"
                    " probe_at = clock_timestamp() + interval '1 hour'"), named["stopped"],
    )  # fmt: skip

    html = await overview(api, api.make_key("owner", "a"))
    rows = {row[0].split()[-1]: row for row in rows_of(html) if row[0].startswith("https://")}

    assert verdict(html) == "6 endpoints need attention."
    assert list(rows) == ["disabled", "stopped", "failing", "held", "late", "kept"]
    assert rows["disabled"][1] == "✕ Disabled Nothing is sent until somebody resumes it. It was disabled: a test."
    assert rows["stopped"][1].startswith(
        "✕ Stopped by its circuit breaker 9 attempts in a row failed: No answer in time. The next delivery goes"
    )
    assert rows["failing"][1] == "! Failing The last attempt failed: Answered with 503."
    assert rows["held"][1].startswith("✓ Active Nothing is sent for now; it goes on in ")
    assert rows["late"][1] == "✓ Active 2 deliveries are due, the first of them since 6 min."
    assert rows["kept"][1:4] == [
        "‖ Paused 2 deliveries are kept until it is resumed. It was paused: we move.",
        "0",
        "2",
    ]
    assert f'href="/ui/endpoints/{named["stopped"]}"' in html


async def test_one_that_needs_attention_in_portuguese(api: Api, host: Host) -> None:
    """The page is in the language that is preferred."""
    steps.set_state(host, steps.endpoint(host, "a").id, "disabled")

    html = await overview(api, api.make_key("owner", "a"), language="pt-BR")

    assert '<html lang="pt-BR">' in html
    assert verdict(html) == "1 endpoint precisa de atenção."


async def test_running_replays(api: Api, host: Host) -> None:
    """How far each is, and where it is stopped."""
    steps.endpoint(host, "a")
    steps.emit(host, 2, "a")
    steps.end_all(host, steps.DEAD)
    number = host.value("select replay_id from outbound_webhooks.replay(p_clinic_id => 'a')")

    html = await overview(api, api.make_key("owner", "a"))

    assert f'href="/ui/replays/{number}"' in html
    assert "0 of 2" in text_of(html, "overview")


async def test_an_operator_sees_clinics_and_the_platform(api: Api, host: Host) -> None:
    """Which clinics need attention, and what is wrong with the platform before all else; a clinic sees neither."""
    for clinic, count in (("a", 1), ("b", 2)):
        for _ in range(count):
            steps.set_state(host, steps.endpoint(host, clinic).id, "disabled")
    steps.register(host)
    key = api.make_key("operator")

    well = await overview(api, key)
    host.rows("select outbound_webhooks.set_delivery(false, 'a test')")
    host.rows("select outbound_webhooks.set_capture(false)")
    ill = await overview(api, key)
    of_a_clinic = await overview(api, key, "?clinic_id=b")

    assert verdict(well) == "3 endpoints need attention."
    assert [row for row in rows_of(well) if row[0] in ("a", "b")] == [["b", "2", "2"], ["a", "1", "1"]]
    assert "Dispatchers that deliver: 1 of 1" in text_of(well)
    assert verdict(ill) == (
        "Nothing is delivered: delivery is switched off. No change becomes an event: capture is switched off."
        " 3 endpoints need attention."
    )
    assert verdict(of_a_clinic) == "2 endpoints need attention."
    assert "Dispatchers" not in of_a_clinic
    links = re.findall(r'href="/ui/endpoints(?:/\d+)?([^"/]*)"', of_a_clinic)
    assert links == ["?clinic_id=b"] * 3  # the list's, and one of each endpoint


async def test_no_clinic_has_an_endpoint(api: Api, host: Host) -> None:
    """An operator is not asked to make one: of which clinic it would be is not known."""
    steps.register(host)

    html = await overview(api, api.make_key("operator"))

    assert verdict(html) == "Nothing yet: no clinic has an endpoint."
    assert "/ui/endpoints/new" not in html


async def test_secrets_and_markup(api: Api) -> None:
    """A manager sees no query of a URL; what clinics wrote is text."""
    number = put(api, "a", "https://clinic.example/hooks?key=t0ken", description="<img src=x>")
    api.run("select outbound_webhooks.pause_endpoint(%s, '<b>moved</b>')", number)
    api.run("update outbound_webhooks.endpoints set state = 'disabled' where id = %s", number)

    managers = await overview(api, api.make_key("manager", "a"))
    owners = await overview(api, api.make_key("owner", "a"))

    assert "t0ken" not in managers
    assert "t0ken" in owners
    for html in (managers, owners):
        assert "<img src=x" not in html
        assert "It was disabled: &lt;b&gt;moved&lt;/b&gt;." in html
