"""What a refresh leaves alone, and when there is none."""

from playwright.async_api import Page, Request, expect

from dispatcher.demo.receiver import says
from tests.ui.acting import delivery_rows
from tests.ui.browsing import Visitor
from tests.ui.conftest import Visit
from tests.ui.place import Place

_HIDDEN = """(state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
MINUTE_MS = 60_000


async def test_what_is_typed_open_and_focused_stays(visitor: Visit, place: Place) -> None:
    """While the state of a delivery changes: typed text, the focus, and open details stay as they are."""
    place.endpoint(retry_schedule=[0, 3600])  # the second attempt is the one by hand, however long that takes
    place.receiver.default = says(503, "not now")
    place.host.pay()
    async with visitor() as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await ana.open("/ui/deliveries")
        await delivery_rows(ana, "Waiting", "503").get_by_role("link").first.click()
        answer = page.locator("#delivery details").first
        await answer.locator("summary").click()
        await page.locator("#cancel summary").click()
        reason = page.get_by_label("Reason")
        await reason.fill("half a sen")

        place.receiver.default = 204
        delivery = page.url.rpartition("/")[2].partition("?")[0]
        place.host.rows("select outbound_webhooks.retry_delivery(%s)", int(delivery))
        await expect(page.locator("#delivery .badge").filter(has_text="Delivered")).to_be_visible()

        await expect(reason).to_have_value("half a sen")
        await expect(reason).to_be_focused()
        await expect(answer).to_have_attribute("open", "")


async def test_the_focus_in_what_is_swapped(visitor: Visit, place: Place) -> None:
    """A link that has the focus has it after the table around it was swapped."""
    place.endpoint()
    place.host.pay()
    async with visitor() as ana:
        await ana.sign_in(await place.link())
        await ana.open("/ui/deliveries")
        rows = delivery_rows(ana, "Delivered")
        await expect(rows).to_have_count(1)
        link = rows.get_by_role("link").first
        name = await link.inner_text()
        await link.focus()

        place.host.pay()
        await expect(rows).to_have_count(2)

        await expect(ana.page.get_by_role("link", name=name)).to_be_focused()


async def test_what_is_pressed_stays(visitor: Visit, place: Place) -> None:
    """A link that is pressed while a refresh comes is followed once it is let go; the table changes after that."""
    place.endpoint()
    place.host.pay()
    async with visitor() as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await page.clock.install()
        await ana.open("/ui/deliveries")
        refreshes, rows = _refreshes(page), delivery_rows(ana)
        await rows.get_by_role("link").first.hover()
        await page.mouse.down()
        place.host.pay()
        for _ in range(2):  # with the second one the answer to the first was taken
            await _one_more(ana, refreshes)
        await expect(rows).to_have_count(1)

        await page.mouse.up()

        await expect(page.locator("#delivery")).to_be_visible()


async def test_a_hidden_tab_asks_nothing(visitor: Visit, place: Place) -> None:
    """Nothing is asked for while the tab is hidden, or updates are paused; once it is shown, at once."""
    place.endpoint()
    async with visitor() as ana:
        page = ana.page
        await ana.sign_in(await place.link())
        await page.clock.install()
        await ana.open("/ui/deliveries")
        refreshes, rows = _refreshes(page), delivery_rows(ana)
        place.host.pay()
        await _one_more(ana, refreshes)
        await expect(rows).to_have_count(1)  # the answer was taken: the next refresh waits for its time

        await page.evaluate(_HIDDEN, "hidden")
        seen = len(refreshes)
        await page.clock.run_for(5 * MINUTE_MS)
        assert len(refreshes) == seen
        place.host.pay()
        async with page.expect_request(_is_refresh):
            await page.evaluate(_HIDDEN, "visible")
        assert len(refreshes) == seen + 1
        await expect(rows).to_have_count(2)

        await page.get_by_role("button", name="Pause updates").click()
        seen = len(refreshes)
        await page.clock.run_for(5 * MINUTE_MS)
        assert len(refreshes) == seen
        await expect(page.get_by_text("Updates paused")).to_be_visible()


async def test_signed_out_while_a_page_is_open(visitor: Visit, place: Place) -> None:
    """A page that stands open says so, and keeps what it shows."""
    place.endpoint()
    place.host.pay()
    async with visitor() as ana:
        ana.expected.append("401")
        await ana.sign_in(await place.link())
        await ana.open("/ui/deliveries")
        await expect(delivery_rows(ana, "Delivered")).to_be_visible()
        other = await ana.context.new_page()
        await other.goto(f"{ana.url}/ui/")
        await other.locator("#account summary").click()
        await other.get_by_role("button", name="Sign out", exact=True).click()
        await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()

        await expect(ana.page.get_by_text("You are signed out: load the page again")).to_be_visible()
        await expect(delivery_rows(ana, "Delivered")).to_be_visible()
        await ana.page.reload()
        await expect(ana.page.get_by_role("heading", name="Sign in")).to_be_visible()


def _is_refresh(request: Request) -> bool:
    return "x-refresh" in request.headers


def _refreshes(page: Page) -> list[Request]:
    found: list[Request] = []
    page.on("request", lambda request: found.append(request) if _is_refresh(request) else None)
    return found


async def _one_more(visitor: Visitor, refreshes: list[Request]) -> None:
    """Let the time of one refresh pass."""
    async with visitor.page.expect_request(_is_refresh):
        await visitor.page.clock.run_for(11_000)
    assert refreshes
