"""Rounds of retention in this process, what they observed, and what the server shows of them."""

import asyncio
from datetime import datetime
from functools import partial
from typing import LiteralString

from dispatcher.db import as_owner
from dispatcher.pipeline.retention import Retention
from dispatcher.telemetry.observations import Observation, PartitionDropped, PartitionKept
from tests.sql.interleaving import until
from tests.support.host import Host

# Retention waits for somebody's lock; its connections are gone.
WAITS = """
    select count(*) > 0 from pg_stat_activity
    where application_name = 'outbound-webhooks maintenance' and datname = current_database()
        and wait_event_type = 'Lock'
"""
GONE = """
    select count(*) = 0 from pg_stat_activity
    where application_name = 'outbound-webhooks maintenance' and datname = current_database()
"""
# How many deliveries there are whose event is gone.
LOST: LiteralString = """
    select count(*) from outbound_webhooks.delivery_log as l
    where not exists (select from outbound_webhooks.events as e where e.id = l.event_id)
"""


class Rounds:
    """Rounds of retention in this process, and what they observed."""

    def __init__(self, host: Host) -> None:
        owner = partial(as_owner, host.url)
        self.all: list[Observation] = []
        self.retention = Retention(owner, owner, self.all.append)

    async def round(self, now: datetime | None = None) -> list[Observation]:
        """One round; returns what it observed."""
        before = len(self.all)
        await self.retention.round(now)
        return self.all[before:]


def dropped(observed: list[Observation]) -> set[str]:
    """The partitions that a round dropped."""
    return {seen.name for seen in observed if isinstance(seen, PartitionDropped)}


def kept(observed: list[Observation]) -> dict[str, str]:
    """The partitions that a round could not drop, and why."""
    return {seen.name: seen.reason for seen in observed if isinstance(seen, PartitionKept)}


async def holds(host: Host, question: str, timeout: float = 60) -> None:
    """Wait until a question of the server's is answered with true."""
    await asyncio.to_thread(until, lambda: host.value(question) is True, timeout)
