"""Who may do what in the browser, in which language, and by the keyboard alone."""

import re

import pytest
from playwright.async_api import expect

from dispatcher.admin.ui.language import translations
from tests.support.host import CLINIC
from tests.ui.acting import delivery_rows, tab_to
from tests.ui.conftest import Visit
from tests.ui.place import Place


async def test_a_manager(visitor: Visit, place: Place) -> None:
    """Sees neither keys nor what cannot be taken back; and is refused what a page never offered."""
    number = place.endpoint()
    async with visitor() as maria:
        page = maria.page
        maria.expected.append("403")
        await maria.sign_in(await place.link("manager"))
        await maria.open(f"/ui/endpoints/{number}/settings")
        await expect(page.get_by_role("button", name="Save the changes")).to_be_visible()
        for hidden in (re.compile("Rotate"), re.compile("Retire"), re.compile("Revoke"), "API keys"):
            await expect(page.get_by_role("button", name=hidden)).to_have_count(0)
            await expect(page.get_by_role("link", name=hidden)).to_have_count(0)

        post = "(path) => fetch(path, { method: 'POST', body: new URLSearchParams() }).then((answer) => answer.status)"
        for path in (f"/ui/endpoints/{number}/retire", f"/ui/endpoints/{number}/rotate"):
            assert await page.evaluate(post, path) == 403
        await maria.open("/ui/api-keys")
        await expect(page.get_by_role("heading", name="This is not allowed for you")).to_be_visible()

    assert place.host.value("select state from outbound_webhooks.endpoints") == "active"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_sign_in_with_a_key(visitor: Visit, place: Place, script: bool) -> None:
    """A page leads to the form and, with a key, back to it; a wrong key is said to be wrong; and out again."""
    place.endpoint()
    key = place.key("owner")
    async with visitor(script=script) as ana:
        page = ana.page
        ana.expected.append("401")
        await ana.open("/ui/endpoints")
        await page.get_by_label("API key or token").fill(key[:-1])
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator("#key-error")).to_be_visible()
        await page.get_by_label("API key or token").fill(key)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Endpoints", exact=True)).to_be_visible()
        assert key not in await page.content()

        (cookie,) = [one for one in await ana.context.cookies() if one["name"].startswith("__Host-")]
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
        await page.locator("#account summary").click()
        await page.get_by_role("button", name="Sign out", exact=True).click()
        await expect(page.get_by_text("You are signed out.")).to_be_visible()
        await ana.open("/ui/endpoints")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_several_clinics(visitor: Visit, place: Place, script: bool) -> None:
    """One is shown at a time, each page says which; the switcher leads to another, where the role is another."""
    place.endpoint(description="of the first")
    async with visitor(script=script) as ana:
        page = ana.page
        await ana.sign_in(await place.link(clinics={CLINIC: "owner", "clinic-2": "manager"}))
        await ana.open(f"/ui/endpoints?clinic_id={CLINIC}")
        await expect(page.get_by_text("of the first")).to_be_visible()
        await page.locator("#account summary").click()
        await page.get_by_label("Clinic", exact=True).select_option("clinic-2")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator("#account summary")).to_contain_text("clinic-2")
        await page.get_by_role("link", name="Endpoints", exact=True).click()
        await expect(page.get_by_text("There is no endpoint yet")).to_be_visible()
        await expect(page.get_by_role("link", name="API keys")).to_have_count(0)


async def test_portuguese(visitor: Visit, place: Place) -> None:
    """The browser's language is the page's, until another one is chosen; times are of the viewer's zone."""
    place.endpoint()
    place.host.pay()
    await place.receiver.wait_for_count(1)
    say = translations("pt-BR").gettext
    async with visitor(language="pt-BR") as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await expect(page.locator("html")).to_have_attribute("lang", "pt-BR")
        assert say("Deliveries") != "Deliveries"
        await page.get_by_role("link", name=say("Deliveries"), exact=True).click()
        await expect(delivery_rows(ana, say("Delivered"))).to_be_visible()
        time = delivery_rows(ana).locator("time").first
        await expect(time).to_have_attribute("title", re.compile(r"BRT|GMT-3"))
        await ana.look_around()

        await page.get_by_role("button", name="English").click()
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await expect(delivery_rows(ana, "Delivered")).to_be_visible()
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("lang", "en")


async def test_the_keyboard_alone(visitor: Visit, place: Place) -> None:
    """An endpoint is made and tested, a delivery found and opened, without the mouse; and the focus is always seen."""
    async with visitor() as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await tab_to(ana, page.get_by_role("link", name="Skip to the content"))
        await page.keyboard.press("Enter")
        await expect(page.locator("#main")).to_be_focused()
        await tab_to(ana, page.get_by_role("link", name="Make an endpoint").first)
        await page.keyboard.press("Enter")
        await tab_to(ana, page.get_by_label("URL", exact=True))
        await page.keyboard.type(place.receiver.url + "/")
        await tab_to(ana, page.get_by_role("button", name="Create the endpoint"))
        await page.keyboard.press("Enter")
        place.receiver.keys["/"].append(await page.locator("#secret").inner_text())
        await tab_to(ana, page.get_by_role("link", name="Send a test"))
        await page.keyboard.press("Enter")
        await tab_to(ana, page.get_by_role("button", name="Send a test"))
        await page.keyboard.press("Space")
        await expect(page.get_by_text("It arrived: answered with 204")).to_be_visible()

        place.host.pay()
        await tab_to(ana, page.get_by_role("navigation", name="Sections").get_by_role("link", name="Deliveries"))
        await page.keyboard.press("Enter")
        row = delivery_rows(ana, "payment_transaction.created", "Delivered")
        await expect(row).to_be_visible()
        await tab_to(ana, row.get_by_role("link").first)
        await page.keyboard.press("Enter")
        await tab_to(ana, page.locator("#headers summary"))
        await page.keyboard.press("Enter")
        await expect(page.locator("#headers")).to_have_attribute("open", "")
        await tab_to(ana, page.locator("#curl summary"))
        await page.keyboard.press("Enter")
        await expect(page.locator("#curl pre")).to_contain_text("curl")
