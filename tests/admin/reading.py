"""The lists of the API read by their operations, and the plans of what they ask the database."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composed
from psycopg_pool import AsyncConnectionPool

from dispatcher.admin.deps import Visit
from dispatcher.core.access import Role
from dispatcher.core.identity import Principal, Way
from dispatcher.db import ADMIN_ROLE, Pool

Plan = dict[str, Any]


def visit(clinic: str | None) -> Visit:
    """A request of a clinic's owner; None: an operator's, about all clinics."""
    roles = {} if clinic is None else {clinic: Role.OWNER}
    return Visit(Principal(Way.API_KEY, "API key 1", roles, is_operator=clinic is None), clinic, "a-request", "::1")


@dataclass
class Plans:
    """The plans of the statements that read deliveries or events, with what each really read."""

    found: list[Plan] = field(default_factory=list)

    def take(self) -> list[Plan]:
        """Those that came since the last time."""
        taken, self.found = self.found, []
        return taken


@asynccontextmanager
async def open_explained(url: str, plans: Plans) -> AsyncIterator[Pool]:
    """A pool of one connection as the API has it, which explains what it is asked."""

    class Cursor(AsyncCursor[Any]):
        """Asks for the plan first. The lists alone are made of pieces (Composed)."""

        async def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
            if isinstance(query, Composed):
                explained = SQL("explain (analyze, buffers, timing off, format json) ") + query
                async with AsyncCursor(self.connection) as plain:
                    await plain.execute(explained, params, **how)
                    row = await plain.fetchone()
                assert row is not None
                plans.found.append(row[0][0]["Plan"])
            return await super().execute(query, params, **how)

    async def configure(connection: AsyncConnection[TupleRow]) -> None:
        await connection.execute(f"set role {ADMIN_ROLE}; set timezone = 'UTC'")

    pool: Pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=1,
        kwargs={"autocommit": True, "cursor_factory": Cursor},
        configure=configure,
        open=False,
    )
    async with pool:
        yield pool


def nodes(plan: Mapping[str, Any]) -> list[Plan]:
    """A plan's nodes, those of sub-plans too."""
    return [dict(plan), *(node for child in plan.get("Plans", ()) for node in nodes(child))]


def pages(plan: Mapping[str, Any]) -> int:
    """How many pages a plan read."""
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def rows(node: Mapping[str, Any]) -> float:
    """How many rows a node went through, those that it left out, too."""
    return float((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])


def read_as_a_whole(plan: Mapping[str, Any]) -> set[str]:
    """The tables that a plan reads from end to end, but for partitions of a few rows, where nothing is cheaper."""
    return {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan" and rows(node) > 100}
