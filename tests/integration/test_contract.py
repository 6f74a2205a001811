"""A running dispatcher, when another release is installed: its snapshot, and so /readyz, says if that fits."""

import pytest

from dispatcher.db import open_pool
from dispatcher.migrate import post_apply
from dispatcher.pipeline.stats import Snapshots
from tests.support.host import Host

CONTRACT: int = post_apply().CONTRACT


@pytest.mark.parametrize(
    ("contract", "oldest", "kept"),
    [(CONTRACT + 1, CONTRACT, True), (CONTRACT + 1, CONTRACT + 1, False), (CONTRACT - 1, CONTRACT - 1, False)],
    ids=["newer, keeps it", "newer, does not", "older"],
)
async def test_another_release(host: Host, contract: int, oldest: int, kept: bool) -> None:
    """Newer functions that keep its contract are as good as its own; others, and older ones, are not."""
    host.rows(
        "update outbound_webhooks.schema_bundle set fingerprint = 'other', contract = %s, oldest_contract = %s",
        contract, oldest,
    )  # fmt: skip

    async with open_pool(host.url, 2) as pool:
        stats = await Snapshots(pool, CONTRACT, None, endpoints=10).read()

    assert stats.functions_match is kept
