"""What people do at the pages again and again."""

import asyncio

from playwright.async_api import Locator, expect

from tests.ui.browsing import PATIENCE_MS, Visitor
from tests.ui.place import Place

KEY_AT_MOST = 80  # tabs from one thing on a page to another
PAUSE_SECONDS = 0.5  # between two looks: a person may load 300 pages a minute


async def sees(visitor: Visitor, wanted: Locator) -> None:
    """Wait until something is to be seen: by itself where there is a script, and else by loading the page again."""
    if visitor.has_script:
        await expect(wanted).to_be_visible()
        return
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await wanted.is_visible():
            await asyncio.sleep(PAUSE_SECONDS)
            await visitor.page.reload()


async def make_endpoint(visitor: Visitor, place: Place, path: str = "/") -> None:
    """From the overview of a clinic without one: make an endpoint, and give its key to the receiver."""
    page = visitor.page
    await page.get_by_role("link", name="Make an endpoint").first.click()
    await page.get_by_label("URL", exact=True).fill(place.receiver.url + path)
    await page.get_by_label("Description").fill("Order system")
    await page.get_by_role("button", name="Create the endpoint").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("The endpoint is made")
    place.receiver.keys[path].append(await page.locator("#secret").inner_text())


def delivery_rows(visitor: Visitor, *texts: str) -> Locator:
    """The rows of the table of deliveries that have all of these texts."""
    rows = visitor.page.locator("table.deliveries tbody tr")
    for text in texts:
        rows = rows.filter(has_text=text)
    return rows


async def tab_to(visitor: Visitor, wanted: Locator) -> None:
    """Press the tab key until something has the focus, which is seen on it."""
    for _ in range(KEY_AT_MOST):
        await visitor.page.keyboard.press("Tab")
        if await wanted.evaluate("(element) => element === document.activeElement"):
            break
    await expect(wanted).to_be_focused()
    outline = await wanted.evaluate("(element) => getComputedStyle(element).outlineStyle")
    assert outline != "none", (
        f"the focus is not to be seen on {await wanted.evaluate('(element) => element.outerHTML')}"
    )
