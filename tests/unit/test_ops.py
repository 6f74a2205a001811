"""telemetry.ops: a scrape is all of the metrics, and lets others go on meanwhile."""

import asyncio

from prometheus_client.exposition import generate_latest

from dispatcher.telemetry.ops import render
from tests.unit.scraping import full


async def test_a_scrape() -> None:
    """What the library's own rendering gives."""
    metrics = full()

    assert await render(metrics.registry) == generate_latest(metrics.registry)


async def test_others_get_their_turn() -> None:
    """Something that needs the loop again and again gets it between any two metrics."""
    metrics = full()
    families = len(list(metrics.registry.collect()))
    scrape = asyncio.create_task(render(metrics.registry))
    turns = 0
    while not scrape.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns >= families
