"""The whole life of an endpoint in the browser, with the script and without: made, tested, failing, mended."""

import pytest
from playwright.async_api import expect

from dispatcher.demo.receiver import says
from tests.ui.acting import delivery_rows, make_endpoint, sees
from tests.ui.conftest import Visit
from tests.ui.place import Place

UNWELL = '{"error": "the kitchen is on fire"}'


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_the_whole_life(visitor: Visit, place: Place, script: bool) -> None:
    """Made, tested, delivered; the receiver breaks, which is seen with the reason; mended, sent again, delivered."""
    async with visitor(script=script) as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await make_endpoint(ana, place)
        # The second attempt is the one by hand, however long it takes to get there.
        place.host.rows("update outbound_webhooks.endpoints set retry_schedule = '{0,3600}'")

        await page.get_by_role("link", name="Send a test").click()
        await page.get_by_role("button", name="Send a test").click()
        await expect(page.get_by_text("It arrived: answered with 204")).to_be_visible()
        assert [one.verified for one in place.receiver.received] == [True]

        await page.get_by_role("link", name="Deliveries", exact=True).first.click()
        await ana.open("/ui/deliveries")
        place.host.pay()
        await sees(ana, delivery_rows(ana, "payment_transaction.created", "Delivered"))

        place.receiver.default = says(503, UNWELL)
        place.host.pay()
        failing = delivery_rows(ana, "payment_transaction.created", "Waiting", "503")
        await sees(ana, failing)
        await ana.open("/ui/endpoints")
        await expect(page.get_by_role("row").filter(has_text="Failing")).to_be_visible()
        await ana.open("/ui/")
        await expect(page.get_by_text("endpoint needs attention")).to_be_visible()

        await ana.open("/ui/deliveries")
        await failing.get_by_role("link").first.click()
        await page.get_by_text("What it answered").click()
        await expect(page.get_by_text(UNWELL)).to_be_visible()
        place.receiver.default = 204
        await page.get_by_role("button", name="Send now").click()
        await expect(page.get_by_text("The delivery is sent again.")).to_be_visible()
        await sees(ana, page.locator("#delivery .badge").filter(has_text="Delivered"))

    assert all(one.verified for one in place.receiver.received)
    assert len(place.receiver.received) == 4  # the test, the first payment, and the second one twice


async def test_nothing_is_loaded_again(visitor: Visit, place: Place) -> None:
    """What comes is seen in the page that stands there: nobody has loaded it again."""
    place.endpoint()
    async with visitor() as ana:
        await ana.sign_in(await place.link())
        await ana.open("/ui/deliveries")
        await ana.page.evaluate("() => { window.stands = true; }")

        place.host.pay()
        await expect(delivery_rows(ana, "Delivered")).to_be_visible()

        assert await ana.page.evaluate("() => window.stands")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_a_form_that_is_not_valid(visitor: Visit, place: Place, script: bool) -> None:
    """It comes back with what was typed, and what is wrong beside the field; nothing was made."""
    async with visitor(script=script) as ana:
        page = ana.page
        ana.expected.append("422")
        await ana.sign_in(await place.link())
        await page.get_by_role("link", name="Make an endpoint").first.click()
        await page.get_by_label("URL", exact=True).fill("http://clinic.example/hooks")
        await page.get_by_label("Description").fill("Order system")
        await page.get_by_role("button", name="Create the endpoint").click()

        url = page.get_by_label("URL", exact=True)
        await expect(url).to_have_attribute("aria-invalid", "true")
        await expect(url).to_have_value("http://clinic.example/hooks")
        await expect(page.get_by_label("Description")).to_have_value("Order system")
        await expect(page.locator("#url-error")).to_contain_text("https://")

    assert place.host.rows("select from outbound_webhooks.endpoints") == []
