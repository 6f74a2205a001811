"""Is what was emitted exactly what committed? The write-ahead log says what committed (tests/support/wal.py), the rules
of a payment, written down here once more, say what is due for it, and the events and deliveries have to be just that.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.host import Host
from tests.support.wal import Change, Row, parse


@dataclass(frozen=True)
class Event:
    """What an event says about a payment, as far as the payment's own row can prove it."""

    type: str
    clinic_id: str | None
    status: str | None
    amount: int | None
    refunded: int | None
    previous: str | int | None = None

    def __str__(self) -> str:
        """In a word: what it is for a person who reads a test."""
        match self.type:
            case "status_changed":
                return f"{self.previous} > {self.status}"
            case "partially_refunded":
                return f"refunded {self.previous} > {self.refunded}"
        return f"{self.type} {self.status}"


Events = dict[str, list[Event]]


class Journal:
    """Follows watched tables from here on. Their columns are called as the sample host's, as far as they have them.

    The server's wal_level is logical. The slot goes with the test's database.
    """

    def __init__(self, host: Host, *tables: str) -> None:
        self._host = host
        self._slot = str(host.value("select current_database()"))
        self.changes: list[Change] = []
        host.rows("create publication journal")
        self.follow(*tables)
        host.rows("select pg_create_logical_replication_slot(%s, 'pgoutput')", self._slot)

    def follow(self, *tables: str) -> None:
        """Follow more tables; of a partitioned one its partitions."""
        for table in tables:
            self._host.rows(f"alter publication journal add table {table}")
            self._host.rows(f"alter table {table} replica identity full")

    def read(self) -> list[Change]:
        """What has committed since the last reading."""
        with self._host.connection.transaction():
            # Tests run with synchronous_commit off, and only what is flushed is decoded: this flushes it.
            self._host.rows("set local synchronous_commit = on")
            self._host.rows("select pg_logical_emit_message(true, 'journal', '')")
        with self._host.connection.transaction():
            # Each capture is a subtransaction: thousands are decoded in half a second in memory, and in ten in files.
            self._host.rows("set local logical_decoding_work_mem = '1GB'")
            rows = self._host.connection.execute(
                "select data from pg_logical_slot_get_binary_changes("
                "%s, null, null, 'proto_version', '1', 'publication_names', 'journal')",
                (self._slot,),
                binary=True,
            ).fetchall()
        news = list(parse(row["data"] for row in rows))
        self.changes += news
        return news

    def due(self) -> Events:
        """The events that are due for everything that committed, in the order of the commits."""
        self.read()
        return due(self.changes)

    def check(self) -> dict[str, list[str]]:
        """Events and deliveries are exactly what is due; returns them in words, by payment, oldest first."""
        committed, told = self.due(), emitted(self._host)
        assert told == committed
        assert self._host.rows("select * from outbound_webhooks.capture_errors") == []
        return words(told)


def words(events: Events) -> dict[str, list[str]]:
    """Events as a person says them."""
    return {payment: [str(event) for event in those] for payment, those in events.items()}


def due(changes: Iterable[Change]) -> Events:
    """The events that the rules of a payment ask for, by payment."""
    events: defaultdict[str, list[Event]] = defaultdict(list)
    for change in changes:
        if change.new is not None:
            events[str(change.new["id"])] += _of_change(change.old, change.new)
    return {payment: those for payment, those in events.items() if those}


def _of_change(old: Row | None, new: Row) -> list[Event]:
    clinic, status = new["clinic_id"], new.get("status")
    amount, refunded = _number(new, "amount_cents"), _number(new, "refunded_cents")
    if old is None:
        return [Event("created", clinic, status, amount, refunded)]
    events = []
    if status != old.get("status"):
        events.append(Event("status_changed", clinic, status, amount, refunded, old.get("status")))
    before = _number(old, "refunded_cents") or 0
    if refunded is not None and amount is not None and before < refunded < amount:
        events.append(Event("partially_refunded", clinic, status, amount, refunded, before))
    return events


def _number(row: Row, column: str) -> int | None:
    text = row.get(column)
    return None if text is None else int(text)


def emitted(host: Host) -> Events:
    """The events, by payment, in the order of their deliveries; each has one, as there is one endpoint for all."""
    rows = host.rows(
        "select e.resource_id, e.type, e.clinic_id, e.body, count(d.id), min(d.id) as delivery_id"
        " from outbound_webhooks.events as e full join outbound_webhooks.deliveries as d on d.event_id = e.id"
        " group by e.id order by delivery_id"
    )
    events: defaultdict[str, list[Event]] = defaultdict(list)
    for row in rows:
        assert row["count"] == 1, f"{row['count']} deliveries: {row}"
        events[str(row["resource_id"])].append(_told(str(row["type"]), str(row["clinic_id"]), str(row["body"])))
    return dict(events)


def _told(of_type: str, clinic: str, body: str) -> Event:
    """An event as its receiver reads it."""
    whole = json.loads(body)
    data = whole["data"]
    assert (whole["type"], data["clinic_id"]) == (of_type, clinic)
    (previous,) = (data["previous"] or {"": None}).values()
    amount, refunded = data.get("amount"), data.get("refunded_amount")
    return Event(of_type.rpartition(".")[2], clinic, data.get("status"), amount, refunded, previous)
