"""Every screen, with the demo's data: whatever the width and the colours, it can be read, and its console is clean."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.ui.browsing import Visitor, launch, visit
from tests.ui.shown import SCREENS, Screen, Shown, show

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shown() -> AsyncIterator[Shown]:
    """The demo."""
    async with show() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(shown: Shown) -> AsyncIterator[dict[str, Visitor]]:
    """Who look at it, each signed in by the link that the demo prints."""
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(launch())
        found = {who: await stack.enter_async_context(visit(browser, shown.url)) for who in ("nobody", *shown.links)}
        for who, link in shown.links.items():
            await found[who].sign_in(link)
        yield found


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_a_screen(screen: Screen, shown: Shown, people: dict[str, Visitor]) -> None:
    """Nothing serious for axe, no overflow, nothing in the console, no request that failed."""
    visitor = people[screen.who]
    visitor.expected = [r"404"] if screen.name == "not-found" else []
    visitor.troubles.clear()

    await visitor.open(shown.path(screen))
    assert await visitor.page.locator("h1").count() == 1
    await visitor.look_around()

    assert visitor.unexpected() == []
