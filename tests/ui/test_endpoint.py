"""What is done to an endpoint in the browser: its keys rotated, paused and resumed, its deliveries sent again."""

import re

import pytest
from playwright.async_api import expect

from tests.ui.acting import delivery_rows, sees
from tests.ui.conftest import Visit
from tests.ui.place import Place

SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


@SCRIPT
async def test_rotate(visitor: Visit, place: Place, script: bool) -> None:
    """The new key is shown once; both sign until the old one is revoked, which is asked about first."""
    number = place.endpoint()
    async with visitor(script=script) as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await ana.open(f"/ui/endpoints/{number}/settings")
        await page.get_by_role("button", name="Rotate: make a new key").click()
        new = await page.locator("#secret").inner_text()
        place.receiver.keys["/"] = [new]  # the old one is forgotten
        place.host.pay()
        await place.receiver.wait_for_count(1)

        await ana.open(f"/ui/endpoints/{number}/settings")
        assert new not in await page.content()
        oldest = page.get_by_role("link", name=re.compile("Revoke")).last
        await oldest.click()
        await page.get_by_role("button", name="Revoke").click()
        await expect(page.get_by_text("The signing key is revoked.")).to_be_visible()
        await place.dispatching.logged("attempt.succeeded")

    (received,) = place.receiver.received
    assert received.verified
    assert received.headers["webhook-signature"].count("v1,") == 2
    live = "select id from outbound_webhooks.endpoint_secrets where valid_until is null or valid_until > now()"
    assert len(place.host.rows(live)) == 1


@SCRIPT
async def test_pause_and_resume(visitor: Visit, place: Place, script: bool) -> None:
    """What is due to a paused endpoint is kept, and sent once it is resumed, at the rate that is given."""
    number = place.endpoint()
    async with visitor(script=script) as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await ana.open(f"/ui/endpoints/{number}")
        await page.locator("#pausing summary").click()
        await page.get_by_label("Reason").fill("they move house")
        await page.get_by_role("button", name="Pause", exact=True).click()
        await expect(page.get_by_text("The endpoint is paused.")).to_be_visible()
        await expect(page.get_by_text("they move house")).to_be_visible()
        for _ in range(3):
            place.host.pay()
        await ana.open("/ui/deliveries?state=parked")
        await sees(ana, delivery_rows(ana, "Kept").nth(2))
        assert place.receiver.received == []

        await ana.open(f"/ui/endpoints/{number}")
        await page.get_by_label("Kept deliveries a second").fill("50")
        await page.get_by_role("button", name="Resume").click()
        await expect(page.get_by_text("The endpoint is resumed.")).to_be_visible()
        await place.receiver.wait_for_count(3)

    assert place.host.value("select drain_rate from outbound_webhooks.endpoint_flow") == 50


@SCRIPT
async def test_replay_a_range(visitor: Visit, place: Place, script: bool) -> None:
    """The list is filtered, what is in it counted, and sent again; how far that is can be seen."""
    place.endpoint()
    for _ in range(3):
        place.host.pay()
    await place.receiver.wait_for_count(3)
    await place.dispatching.logged("attempt.succeeded", 3)
    async with visitor(script=script) as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await ana.open("/ui/deliveries")
        await page.get_by_label("State").select_option("succeeded")
        await page.get_by_label("Events of").select_option("1h")
        await page.get_by_role("button", name="Filter", exact=True).click()
        await page.get_by_role("button", name="Send the delivered ones again").click()
        await expect(page.get_by_text("3 deliveries will be sent again.")).to_be_visible()
        assert len(place.receiver.received) == 3
        await page.get_by_role("button", name="Send 3 deliveries again").click()
        await expect(page.get_by_text("The replay has begun.")).to_be_visible()
        await place.receiver.wait_for_count(6)
        await ana.open("/ui/replays")
        await sees(ana, page.get_by_role("row").filter(has_text="Done"))

    ids = [one.webhook_id for one in place.receiver.received]
    assert sorted(ids[:3]) == sorted(ids[3:])


@SCRIPT
async def test_dead_ones_are_recovered(visitor: Visit, place: Place, script: bool) -> None:
    """Those that were given up are counted by reason, and all sent again since a time."""
    place.endpoint(retry_schedule=[0])
    place.receiver.default = 500
    for _ in range(2):
        place.host.pay()
    await place.dispatching.logged("attempt.failed", 2)
    place.receiver.default = 204
    async with visitor(script=script) as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await ana.open("/ui/dead")
        await expect(delivery_rows(ana, "Given up", "500")).to_have_count(2)
        await page.get_by_label("Events from (UTC)").fill("2020-01-01T00:00:00")
        await page.get_by_role("button", name="Count them").click()
        await page.get_by_role("button", name="Send 2 deliveries again").click()
        await expect(page.get_by_text("The replay has begun.")).to_be_visible()
        await place.receiver.wait_for_count(4)


@SCRIPT
async def test_cancel_what_is_kept(visitor: Visit, place: Place, script: bool) -> None:
    """What is kept is cancelled with a reason, once its number is confirmed."""
    number = place.endpoint()
    place.host.rows("select outbound_webhooks.pause_endpoint(%s)", number)
    for _ in range(2):
        place.host.pay()
    async with visitor(script=script) as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await ana.open(f"/ui/deliveries?state=parked&endpoint_id={number}")
        await sees(ana, delivery_rows(ana, "Kept").nth(1))
        await ana.open(f"/ui/deliveries?state=parked&endpoint_id={number}")
        await page.get_by_role("button", name="Cancel those that are kept").click()
        await expect(page.get_by_text("2 deliveries will be cancelled.")).to_be_visible()
        await page.get_by_label("Reason").fill("no longer of use")
        await page.get_by_role("button", name="Cancel 2 deliveries").click()
        await expect(page.get_by_text("The deliveries are cancelled.")).to_be_visible()

    reasons = place.host.rows("select state, reason from outbound_webhooks.finished_deliveries")
    assert [(row["state"], row["reason"]) for row in reasons] == [("cancelled", "no longer of use")] * 2
