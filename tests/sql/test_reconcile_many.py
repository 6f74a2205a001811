"""reconcile() of many payments, written at random: all that is missing is named, and nothing else."""

import random

import pytest

from tests.sql.conftest import Connect
from tests.sql.interleaving import background
from tests.sql.reconciling import named, recapture, reconcile
from tests.sql.sabotage import SABOTAGE
from tests.sql.steps import endpoint
from tests.support.host import Host

STATUSES = ("pending", "paid", "failed", "refunded")
SEEDS = (1, 2, 3)


def write(host: Host, draw: random.Random, payments: list[int], count: int) -> None:
    """So many writes of status, refund and what nobody is told, of one payment or more; some are taken back."""
    for _ in range(count):
        change = {
            "status": f"'{draw.choice(STATUSES)}'",
            "refunded_cents": f"greatest(refunded_cents, {draw.choice((0, 100, 300, 500, 1000))})",
            "internal_note": "'x'",
        }
        chosen = draw.sample(sorted(change), draw.randint(1, 3))
        with host.connection.transaction(force_rollback=draw.random() < 0.1):
            for _ in range(draw.randint(1, 2)):
                host.rows(
                    f"update payment_transactions set {', '.join(f'{name} = {change[name]}' for name in chosen)}"
                    " where id = any (%s::bigint[])",
                    draw.sample(payments, draw.randint(1, 4)),
                )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_missing_until_it_is(host: Host, seed: int) -> None:
    """Clean after many writes, some of them by way of the ledger; then each deleted event is found, and no other."""
    endpoint(host)
    draw = random.Random(seed)
    payments = [host.pay() for _ in range(40)]
    write(host, draw, payments, 60)
    host.rows(SABOTAGE["payload function dropped"][0])
    write(host, draw, payments, 15)
    host.rows(SABOTAGE["payload function dropped"][1])
    write(host, draw, payments, 30)
    with_open_ledger = {row["kind"] for row in reconcile(host)}
    host.rows("select outbound_webhooks.recapture()")
    clean = reconcile(host)
    changed = host.rows(
        "select distinct on (resource_id) id, resource_id from outbound_webhooks.events"
        " where type = 'payment_transaction.status_changed' order by resource_id, occurred_at desc, id desc"
    )
    deleted = draw.sample(changed, 8)
    for table, column in (("events", "id"), ("deliveries", "event_id")):
        host.rows(
            f"delete from outbound_webhooks.{table} where {column} = any (%s::uuid[])", [row["id"] for row in deleted]
        )

    found = reconcile(host)

    assert with_open_ledger == {"ledger"}
    assert clean == []
    assert named(found) == [
        ("change_without_event", key, "status_changed")
        for key in sorted((str(row["resource_id"]) for row in deleted), key=int)
    ]
    recapture(host)
    assert reconcile(host) == []


def test_beside_many_payments(host: Host, connect: Connect) -> None:
    """While another session writes without pause, nothing is ever said to be missing."""
    endpoint(host)
    payments = [host.pay() for _ in range(20)]
    writer = connect()
    found = []
    looks = 0
    with background() as running:
        call = running.submit(write, writer, random.Random(0), payments, 300)
        while not call.done():
            found += reconcile(host)
            looks += 1
        call.result()

    assert looks > 0
    assert found == []
    assert reconcile(host) == []
