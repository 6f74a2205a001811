"""stat_dispatchers: who runs, who leads, who is gone, and what each has leased."""

from tests.sql import steps
from tests.sql.steps import Row, claim, emit, endpoint, register
from tests.sql.viewing import view
from tests.support.host import Host


def look(host: Host) -> dict[int, Row]:
    """The rows, by dispatcher."""
    return {int(row["dispatcher_id"]): row for row in view(host, "stat_dispatchers")}


def silent_for(host: Host, dispatcher: int, how_long: str) -> None:
    """As if a dispatcher had said for so long that it lives, no more."""
    host.rows(
        "update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - %s::interval where id = %s",
        how_long, dispatcher,
    )  # fmt: skip


def test_states(sandbox: Host) -> None:
    """With a heartbeat it is alive, without it is dead, and after stop_dispatcher() it is stopped."""
    alive, dead, stopped = (register(sandbox) for _ in range(3))
    silent_for(sandbox, dead, "16 seconds")
    sandbox.rows("select outbound_webhooks.stop_dispatcher(%s)", stopped)

    rows = look(sandbox)

    assert {one: row["state"] for one, row in rows.items()} == {alive: "alive", dead: "dead", stopped: "stopped"}
    assert [rows[one]["stopped_at"] is None for one in (alive, dead, stopped)] == [True, True, False]
    assert rows[dead]["heartbeat_age_seconds"] >= 16 > rows[alive]["heartbeat_age_seconds"] >= 0


def test_what_it_is(sandbox: Host) -> None:
    """Its name, release and environment, and whether it delivers: as it registered."""
    one = register(sandbox, delivering=False, environment=None)

    row = look(sandbox)[one]

    assert [row[name] for name in ("name", "version", "environment", "delivering", "is_leader", "in_flight")] == [
        "host:1", "0.1.0", None, False, False, 0,
    ]  # fmt: skip


def test_who_leads(sandbox: Host) -> None:
    """The one that holds the leadership; nobody once that is over."""
    leader, other = register(sandbox), register(sandbox)
    for one in (leader, other):
        sandbox.rows("select outbound_webhooks.heartbeat(%s)", one)
    leading = {one: row["is_leader"] for one, row in look(sandbox).items()}
    sandbox.rows("update outbound_webhooks.leadership set held_until = held_until - interval '16 seconds'")

    assert leading == {leader: True, other: False}
    assert {row["is_leader"] for row in look(sandbox).values()} == {False}


def test_what_is_leased(sandbox: Host) -> None:
    """Each has its own leases, over all endpoints; what waits beside them is nobody's."""
    for _ in range(2):
        endpoint(sandbox, max_in_flight=3)
    emit(sandbox, 5)
    one, other, idle = (register(sandbox) for _ in range(3))
    counts = {one: len(claim(sandbox, one, limit=2)), other: len(claim(sandbox, other))}

    rows = look(sandbox)

    assert {dispatcher: row["in_flight"] for dispatcher, row in rows.items()} == {**counts, idle: 0}
    assert counts == {one: 2, other: 4}


def test_who_is_gone_for_long(sandbox: Host) -> None:
    """After a day it is shown no more, but for one whose leases nobody took over."""
    endpoint(sandbox)
    emit(sandbox)
    gone, owner, stopped, lately = (register(sandbox) for _ in range(4))
    claim(sandbox, owner)
    sandbox.rows("select outbound_webhooks.stop_dispatcher(%s)", stopped)
    for one, how_long in ((gone, "25 hours"), (owner, "25 hours"), (stopped, "25 hours"), (lately, "23 hours")):
        silent_for(sandbox, one, how_long)

    rows = look(sandbox)

    assert {one: (row["state"], row["in_flight"]) for one, row in rows.items()} == {
        owner: ("dead", 1), stopped: ("stopped", 0), lately: ("dead", 0),
    }  # fmt: skip
    assert steps.free_leases(sandbox, lately) == 1
    assert look(sandbox).keys() == {stopped, lately}
