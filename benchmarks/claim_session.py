"""A session that claims as a dispatcher's does, on one of the databases, and gives everything back at once."""

import statistics
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString

import psycopg

from benchmarks.claim_fill import Filled
from benchmarks.claim_states import CLAIM, State, lag
from dispatcher.db import DISPATCHER_ROLE
from dispatcher.pipeline.claim import EVERYTHING, LATE_COMMITS
from dispatcher.pipeline.rotation import visits_for
from dispatcher.pipeline.slots import SHARE, SUSPECTS
from tests.support.host import ENVIRONMENT

# As in dispatcher/pipeline/claim.py.
STATEMENT: LiteralString = (
    "select statement_timestamp() as now, c.* from (values (true)) as one left join"
    " outbound_webhooks.claim_deliveries(%s, %s, %s, %s, %s, %s::text[], %s::integer[], %s, %s, %s, %s) as c on true"
)
CLAIMS = 10  # of a sample, from different endpoints on
LEASE_MARGIN = timedelta(seconds=15)

# The columns of STATEMENT that are read here.
NOW, OLDEST, DELIVERY_ID, LEASE_TOKEN = 0, 2, 6, 11


class WrongClaim(Exception):
    """A claim did not return what its state stands for."""


@dataclass
class Session:
    """One connection in autocommit, with the dispatcher's rights; its statements are prepared."""

    state: State
    connection: Filled
    cursors: list[int]
    watermarks: dict[str, datetime | str]
    dispatcher_id: int
    first_claims: list[float] = field(default_factory=list)

    def claim(self, cursor: int, watermark: str) -> tuple[float, list[tuple[object, ...]]]:
        """One claim: milliseconds until the answer was there, and its rows."""
        parameters = self.parameters(cursor, watermark)
        started = time.perf_counter()
        answer = self.connection.execute(STATEMENT, parameters, prepare=True)
        took = (time.perf_counter() - started) * 1000
        return took, answer.fetchall()

    def parameters(self, cursor: int, watermark: str) -> tuple[object, ...]:
        """What a dispatcher with all its slots free passes."""
        return (
            self.dispatcher_id, CLAIM, visits_for(self.state.serves), cursor, self.watermarks[watermark],
            [], [], CLAIM // SHARE, LEASE_MARGIN, CLAIM // SUSPECTS, 0,
        )  # fmt: skip

    def sample(self, watermark: str) -> float:
        """Milliseconds of a claim, the mean of a series; each is rolled back, outside of what is measured.

        Raises:
            WrongClaim: one of them did not get all that it asked for.
        """
        took = []
        for cursor in self.cursors:
            self.connection.execute("begin")
            milliseconds, rows = self.claim(cursor, watermark)
            self.connection.execute("rollback")
            claimed = sum(row[DELIVERY_ID] is not None for row in rows)
            if claimed != CLAIM:
                raise WrongClaim(f"{self.state.name}: {claimed} rows instead of {CLAIM} behind endpoint {cursor}")
            took.append(milliseconds)
        return statistics.mean(took)

    def put_off(self) -> None:
        """Claim, and give back, until nothing more is put off: what stuck payments cost at first."""
        while _due_behind(self.connection):
            milliseconds, rows = self.claim(0, "none")
            self.first_claims.append(milliseconds)
            claimed = [row for row in rows if row[DELIVERY_ID] is not None]
            self.connection.execute(
                "select outbound_webhooks.release_deliveries(%s::bigint[], %s::bigint[])",
                ([row[DELIVERY_ID] for row in claimed], [row[LEASE_TOKEN] for row in claimed]),
            )

    def rotate(self) -> None:
        """Set the watermark as a dispatcher does after a full rotation over these endpoints."""
        found = None
        self.connection.execute("begin")
        for cursor in self.cursors:
            for row in self.claim(cursor, "none")[1]:
                now, oldest = row[NOW], row[OLDEST]
                assert isinstance(now, datetime)
                assert isinstance(oldest, datetime)
                found = min(found or now, now - LATE_COMMITS, oldest)
        self.connection.execute("rollback")
        assert found is not None
        self.watermarks["rotation"] = found


def open_session(url: str, state: State) -> Session:
    """Connect to a database, and find out where claims begin, and what a lagging watermark is."""
    connection = psycopg.connect(url, autocommit=True)
    # The live rows came directly after the last of the dead ones.
    ends = connection.execute(
        "select min(d.next_attempt_at), outbound_webhooks.register_dispatcher('bench:1', '1', true, %s)"
        " from outbound_webhooks.deliveries as d",
        (ENVIRONMENT,),
    ).fetchone()
    assert ends is not None
    began_at, dispatcher_id = ends
    assert isinstance(began_at, datetime)
    ids = [row[0] for row in connection.execute("select id from outbound_webhooks.endpoints order by id")]
    connection.execute("set role " + DISPATCHER_ROLE)
    watermarks: dict[str, datetime | str] = {"none": EVERYTHING, "lagging": began_at - lag()}
    session = Session(state, connection, cursors(ids, state), watermarks, int(dispatcher_id))
    if state.settled:
        session.put_off()
    return session


def cursors(ids: list[int], state: State) -> list[int]:
    """Where the claims of a sample begin: spread over the endpoints, with as many behind each as it takes from."""
    busy = len(ids) - state.idle
    steps = max(1, min(CLAIMS, busy // state.serves))
    found = [0 if step == 0 else ids[state.idle + busy * step // steps - 1] for step in range(steps)]
    return (found * CLAIMS)[:CLAIMS]


def _due_behind(connection: Filled) -> bool:
    row = connection.execute(
        "select exists (select from outbound_webhooks.deliveries"
        " where ordering_key is not null and next_attempt_at <= clock_timestamp())"
    ).fetchone()
    return row is not None and bool(row[0])
