"""`make screenshots`: each screen with the demo's data, light and dark, narrow and wide, as small PNG files."""

import asyncio
import io
import sys
from pathlib import Path

from PIL import Image
from playwright.async_api import Page

from tests.ui.browsing import HEIGHT, NARROW, SCHEMES, WIDE, Visitor, launch, visit
from tests.ui.shown import SCREENS, Screen, Shown, show

COLOURS = 64  # text, lines and states need no more
MOST_BYTES = 150_000
TALLEST = {NARROW: 1500, WIDE: 1300}  # of a page that is longer, its beginning


async def main(folder: Path) -> None:
    """Take them all."""
    async with show() as shown, launch() as browser:
        for who in ("nobody", "owner", "operator"):
            async with visit(browser, shown.url) as visitor:
                visitor.expected += ["not-found", "404"]
                if who in shown.links:
                    await visitor.sign_in(shown.links[who])
                for screen in (one for one in SCREENS if one.who == who):
                    await _take(visitor, shown, screen, folder)


async def _take(visitor: Visitor, shown: Shown, screen: Screen, folder: Path) -> None:
    page = visitor.page
    for width in (NARROW, WIDE):
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await visitor.open(shown.path(screen))
            await page.wait_for_load_state("networkidle")
            file = folder / f"{screen.name}-{scheme}-{width}.png"
            size = _write(await _picture(page, width), file)
            print(f"{file} {size // 1000} KB")


async def _picture(page: Page, width: int) -> bytes:
    whole = await page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": max(HEIGHT, min(whole, TALLEST[width]))}
    picture: bytes = await page.screenshot(full_page=True, clip=clip)
    return picture


def _write(picture: bytes, file: Path) -> int:
    """Write it with a palette; returns its bytes.

    Raises:
        ValueError: it is too large for a repository.
    """
    with Image.open(io.BytesIO(picture)) as image:
        small = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(file, optimize=True)
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"{file} has {size} bytes")
    return size


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target))
    sizes = [file.stat().st_size for file in target.glob("*.png")]
    print(f"{len(sizes)} pictures in {target}, {sum(sizes) / 1e6:.1f} MB")
