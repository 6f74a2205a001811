"""Writes by a real Prisma client: which events they make, and that those arrive.

The application is payments.js; each test has a database and a process of its own.
"""

import asyncio
import json
from datetime import datetime
from typing import Any

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.prisma.conftest import Application
from tests.sql import steps
from tests.support.host import Host
from tests.support.orm_host import CLINIC, OTHER_CLINIC

CREATED = "payment_transaction.created"
STATUS_CHANGED = "payment_transaction.status_changed"
PARTIALLY_REFUNDED = "payment_transaction.partially_refunded"

# Each step after those that it needs.
EVERY_STEP = [
    "create", "pay", "refundPart", "saveUnchanged", "annotate", "rolledBackTransaction", "rolledBackBatch",
    "committedTransaction", "committedBatch", "createMany", "createManyAndReturn", "createForOtherClinic", "payAll",
    "failAllPaid", "upsert", "upsert", "throughClinic", "refundMore", "refundAll", "remove",
]  # fmt: skip


def told(row: dict[str, Any], **told: object) -> dict[str, Any]:
    """The data of an event about a row that Prisma returned; `told` is what the row does not say as the event does."""
    return {
        "id": row["id"],
        "clinic_id": row["clinicId"],
        "status": row["status"],
        "refunded_amount": None,
        "currency": "BRL",
        "created_at": datetime.fromisoformat(row["createdAt"]),
        "updated_at": datetime.fromisoformat(row["updatedAt"]),
        "checkout": None,
        "previous": None,
        **told,
    }


def data(body: dict[str, Any]) -> dict[str, Any]:
    """The data of an event, its timestamps as such, to compare them with another text of the same moment."""
    times = {name: datetime.fromisoformat(body["data"][name]) for name in ("created_at", "updated_at")}
    return {**body["data"], **times}


def brief(bodies: list[Any]) -> list[tuple[Any, ...]]:
    """What tells events apart: type, payment, status now and before; those of one statement come in no order."""
    return [
        (body["type"], body["data"]["id"], body["data"]["status"], (body["data"]["previous"] or {}).get("status"))
        for body in bodies
    ]


def test_created_changed_and_refunded(orm: Host, application: Application) -> None:
    """Each write makes its event, which says what Prisma says, amounts in minor units, and the value before."""
    steps.endpoint(orm, CLINIC)

    created, creation = application.perform("create")
    paid, payment = application.perform("pay")
    part, refund = application.perform("refundPart")
    more, further_refund = application.perform("refundMore")
    full, full_refund = application.perform("refundAll")

    checkout = {"id": created["checkout"]["id"], "reference": "checkout-1"}
    same = {"amount": 14990, "checkout": checkout}
    assert brief(creation) == [(CREATED, created["id"], "PENDING", None)]
    assert data(creation[0]) == told(created, **same)
    assert brief(payment) == [(STATUS_CHANGED, created["id"], "PAID", "PENDING")]
    assert data(payment[0]) == told(paid, **same, previous={"status": "PENDING"})
    assert [body["type"] for body in refund] == [PARTIALLY_REFUNDED]
    assert data(refund[0]) == told(part, **same, refunded_amount=2005, previous={"refunded_amount": None})
    assert [body["type"] for body in further_refund] == [PARTIALLY_REFUNDED]
    assert data(further_refund[0]) == told(more, **same, refunded_amount=3000, previous={"refunded_amount": 2005})
    assert [body["type"] for body in full_refund] == [STATUS_CHANGED]
    assert data(full_refund[0]) == told(full, **same, refunded_amount=14990, previous={"status": "PAID"})
    assert all(type(body["data"]["amount"]) is int for body in creation + payment + refund)


def test_writes_that_are_no_event(orm: Host, application: Application) -> None:
    """A save that only moves updatedAt, other columns, a clinic without endpoint, and a deletion emit nothing."""
    steps.endpoint(orm, CLINIC)
    application.perform("create")

    saved, save = application.perform("saveUnchanged")
    annotated, annotation = application.perform("annotate")
    other, creation = application.perform("createForOtherClinic")
    _, removal = application.perform("remove")

    assert saved["after"] == {**saved["before"], "updatedAt": saved["after"]["updatedAt"]}
    assert saved["after"]["updatedAt"] > saved["before"]["updatedAt"]
    assert annotated["metadata"] == {"installments": 6}
    assert other["clinicId"] == OTHER_CLINIC
    assert (save, annotation, creation, removal) == ([], [], [], [])


def test_update_many(orm: Host, application: Application) -> None:
    """updateMany and updateManyAndReturn emit one event for each row whose status changed, and only those."""
    steps.endpoint(orm, CLINIC)
    application.perform("create")
    paid, _ = application.perform("pay")
    made, _ = application.perform("createMany")
    application.perform("createForOtherClinic")

    everything, payments = application.perform("payAll")
    failed, failures = application.perform("failAllPaid")

    assert made["count"] == 3
    assert everything["count"] == 5  # the one that was paid and the other clinic's were written, too
    assert sorted(brief(payments)) == sorted((STATUS_CHANGED, row["id"], "PAID", "PENDING") for row in made["payments"])
    assert paid["id"] in {row["id"] for row in failed}
    assert len(failed) == 4
    assert sorted(brief(failures)) == sorted((STATUS_CHANGED, row["id"], "FAILED", "PAID") for row in failed)


def test_rolled_back(orm: Host, application: Application) -> None:
    """An interactive transaction that throws, and a batch that fails, emit nothing for what they had written."""
    steps.endpoint(orm, CLINIC)
    created, _ = application.perform("create")

    thrown, transaction = application.perform("rolledBackTransaction")
    failed, batch = application.perform("rolledBackBatch")

    assert thrown["error"] == "the application thinks again"
    assert thrown["seen"]["changed"]["status"] == "FAILED"
    assert failed["error"] == "P2002"
    assert (transaction, batch) == ([], [])
    assert orm.rows('select "id", "status"::text from "PaymentTransaction"') == [
        {"id": created["id"], "status": "PENDING"}
    ]


def test_committed_transactions(orm: Host, application: Application) -> None:
    """Each write of an interactive transaction and of a batch emits; a write of two things two events, status first."""
    steps.endpoint(orm, CLINIC)
    created, _ = application.perform("create")

    changed, transaction = application.perform("committedTransaction")
    (other, *_), batch = application.perform("committedBatch")

    assert changed["refundedAmount"] == "5"
    assert brief(transaction) == [
        (STATUS_CHANGED, created["id"], "PAID", "PENDING"),
        (STATUS_CHANGED, created["id"], "FAILED", "PAID"),
        (PARTIALLY_REFUNDED, created["id"], "FAILED", None),
    ]
    assert [body["data"]["refunded_amount"] for body in transaction] == [None, 500, 500]
    assert brief(batch) == [
        (CREATED, other["id"], "PENDING", None),
        (STATUS_CHANGED, created["id"], "PENDING", "FAILED"),
        (PARTIALLY_REFUNDED, created["id"], "PENDING", None),
    ]
    assert batch[2]["data"]["previous"] == {"refunded_amount": None}


def test_bulk_upsert_and_nested_writes(orm: Host, application: Application) -> None:
    """createMany, createManyAndReturn, both branches of upsert, and writes nested in the clinic's update."""
    steps.endpoint(orm, CLINIC)
    created, _ = application.perform("create")

    made, many = application.perform("createMany")
    returned, more = application.perform("createManyAndReturn")
    inserted, insertion = application.perform("upsert")
    updated, update = application.perform("upsert")
    clinic, nested = application.perform("throughClinic")

    amounts = {row["id"]: row["totalAmount"] for row in made["payments"]}
    assert sorted((amounts[body["data"]["id"]], body["data"]["amount"]) for body in many) == [
        ("0.01", 1),
        ("10", 1000),
        ("20.5", 2050),
    ]
    assert [body["type"] for body in many] == [CREATED] * 3
    assert brief(more) == [(CREATED, row["id"], "PENDING", None) for row in returned if row["clinicId"] == CLINIC]
    assert brief(insertion) == [(CREATED, inserted["id"], "PENDING", None)]
    assert brief(update) == [(STATUS_CHANGED, updated["id"], "PAID", "PENDING")]
    assert inserted["id"] == updated["id"]
    (new,) = (row for row in clinic["payments"] if row["totalAmount"] == "60")
    assert sorted(brief(nested)) == sorted(
        [(CREATED, new["id"], "PENDING", None), (STATUS_CHANGED, created["id"], "FAILED", "PENDING")]
    )
    assert {body["data"]["checkout"]["reference"] for body in nested} == {"checkout-1", "checkout-2"}


async def test_everything_arrives(
    orm: Host, application: Application, receiver: Receiver, dispatcher: StartDispatcher
) -> None:
    """With a dispatcher running, the receiver gets each event of every step once, as stored, and verifies it."""
    endpoint = orm.endpoint(receiver.url + "/clinic", CLINIC)
    receiver.keys["/clinic"] = [endpoint.secret]
    emitted: list[Any] = []

    async with dispatcher() as seen:
        for step in EVERY_STEP:
            _, bodies = await asyncio.to_thread(application.perform, step)
            emitted += bodies
        await seen.count(AttemptFinished, len(emitted))

    arrived = {request.webhook_id: request.body.decode() for request in receiver.received}
    stored = orm.rows("select id::text, body from outbound_webhooks.events")
    assert {body["type"] for body in emitted} == {CREATED, STATUS_CHANGED, PARTIALLY_REFUNDED}
    assert len(receiver.received) == len(emitted) == len(stored)
    assert arrived == {row["id"]: row["body"] for row in stored}
    assert all(request.verified for request in receiver.received)
    assert {json.loads(body)["data"]["clinic_id"] for body in arrived.values()} == {CLINIC}
    assert orm.value("select count(*) from outbound_webhooks.deliveries") == 0
