"""A browser whose pages are watched: whatever they do that they should not is told at the end."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, async_playwright

from tests.support.process import ROOT

AXE = ROOT / ".axe-test" / "node_modules" / "axe-core" / "axe.min.js"
NARROW, WIDE = 390, 1440
HEIGHT = 900
SCHEMES = ("light", "dark")
# What pages do by themselves is waited for as long: a refresh comes every ten seconds.
PATIENCE_MS = 60_000

# The console has violations of the policy as well; but only this tells of those whose report was swallowed.
_TELLS_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
    console.error("policy violated:", event.violatedDirective, event.blockedURI, event.sourceFile));
"""
_AXE = "() => axe.run(document, { resultTypes: ['violations'] })"
_OVERFLOW = """() => {
    const page = document.documentElement;
    if (page.scrollWidth <= page.clientWidth) return null;
    const isCut = (e) => e !== page && (getComputedStyle(e).overflowX !== "visible" || isCut(e.parentElement));
    return [...document.querySelectorAll("body *")]
        .filter((e) => e.getBoundingClientRect().right > page.clientWidth + 1 && !isCut(e.parentElement))
        .map((e) => e.outerHTML.slice(0, 120));
}"""


def chromium_path() -> str:
    """The system's browser.

    Raises:
        FileNotFoundError: there is none.
    """
    found = shutil.which("chromium")
    if found is None:
        raise FileNotFoundError("NO BROWSER: chromium is not installed. On Debian: apt install chromium")
    return found


@asynccontextmanager
async def launch() -> AsyncIterator[Browser]:
    """The system's chromium, without a window."""
    async with async_playwright() as playwright:
        # As root it has no sandbox of its own; the pages are ours.
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox"], timeout=PATIENCE_MS
        )
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Visitor:
    """A person at a page.

    Attributes:
        expected: patterns of troubles that are part of the story, such as the 401 of a session that is over.
    """

    page: Page
    context: BrowserContext
    url: str
    has_script: bool = True
    troubles: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Go to a path of ours."""
        await self.page.goto(self.url + path)

    async def sign_in(self, link: str) -> None:
        """Follow a one-time link to the overview."""
        await self.page.goto(link)
        if not self.has_script:  # else the form sends itself; sent twice, it finds the code used
            await self.page.locator("form button").click()
        await self.page.wait_for_url(f"{self.url}/ui/**")

    async def look_around(self) -> None:
        """Whatever the width and the colours: nothing stands out of the page, and axe finds nothing serious."""
        found = []
        for width in (NARROW, WIDE):
            await self.page.set_viewport_size({"width": width, "height": HEIGHT})
            if (overflow := await self.page.evaluate(_OVERFLOW)) is not None:
                found.append(f"{self.page.url} is wider than {width} px: {overflow}")
            for scheme in SCHEMES:
                await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                found += [f"{self.page.url}, {width} px, {scheme}: {line}" for line in await self._serious()]
        assert found == [], "\n".join(found)

    async def _serious(self) -> list[str]:
        result = await self.page.evaluate(_AXE)
        return [
            f"{violation['id']} ({violation['impact']}): {violation['help']}: {node['target']} {node['failureSummary']}"
            for violation in result["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"][:3]
        ]

    def watch(self) -> None:
        """Take note of what should not be."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("requestfailed", self._on_failed)
        self.page.on("response", self._on_response)

    def unexpected(self) -> list[str]:
        """The troubles that nothing in the story explains."""
        return [line for line in self.troubles if not any(re.search(pattern, line) for pattern in self.expected)]

    def _on_console(self, message: ConsoleMessage) -> None:
        self.troubles.append(f"console: {message.type}: {message.text}")

    def _on_failed(self, request: Request) -> None:
        # What a page asked for is let go when it is left.
        if request.failure != "net::ERR_ABORTED":
            self.troubles.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"status: {response.status} {response.request.method} {response.url}")


@asynccontextmanager
async def visit(
    browser: Browser,
    url: str,
    *,
    width: int = WIDE,
    language: str = "en-US",
    script: bool = True,
    timezone: str = "America/Sao_Paulo",
) -> AsyncIterator[Visitor]:
    """A person with a browser of their own, without a session; at the end nothing unexpected was in its console."""
    context = await browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        locale=language,
        timezone_id=timezone,
        java_script_enabled=script,
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    try:
        await context.add_init_script(_TELLS_VIOLATIONS)
        if AXE.exists():  # screenshots do without
            await context.add_init_script(path=AXE)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        visitor = Visitor(page, context, url, script)
        visitor.watch()
        yield visitor
        assert visitor.unexpected() == [], "\n".join(visitor.troubles)
    finally:
        await context.close()
