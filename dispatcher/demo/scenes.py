"""The scenes of the demo: what the application writes, and what that has to make happen."""

from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True)
class Scene:
    """A write of the application, as SQL, about one payment; and the events it makes, in order.

    `unwell` is the path whose receiver answers 503 once, before it is well again.
    """

    title: str
    sql: LiteralString
    payment_id: int
    event_types: tuple[str, ...]
    unwell: str | None = None


SCENES = (
    Scene(
        "A payment is created",
        """\
insert into payment_transactions
    (clinic_id, checkout_id, provider, amount_cents, currency)
values (1, 1, 'provider_a', 14900, 'BRL')""",
        payment_id=1,
        event_types=("payment_transaction.created",),
    ),
    Scene(
        "It is paid",
        """\
update payment_transactions
set status = 'paid', paid_at = now(), updated_at = now()
where id = 1""",
        payment_id=1,
        event_types=("payment_transaction.status_changed",),
    ),
    Scene(
        "It is partly refunded",
        """\
update payment_transactions
set refunded_amount_cents = 4900, updated_at = now()
where id = 1""",
        payment_id=1,
        event_types=("payment_transaction.partially_refunded",),
    ),
    Scene(
        "Clinic 2 is paid, and its receiver answers 503 at first",
        """\
insert into payment_transactions
    (clinic_id, checkout_id, provider, status,
     amount_cents, currency)
values (2, 2, 'provider_b', 'paid', 39900, 'BRL')""",
        payment_id=2,
        event_types=("payment_transaction.created",),
        unwell="/clinic-2",
    ),
    Scene(
        "What is rolled back, or is not watched, sends nothing",
        """\
begin;
update payment_transactions set status = 'failed' where id = 2;
rollback;
update payment_transactions
set internal_note = 'seen'
where id = 2""",
        payment_id=2,
        event_types=(),
    ),
)

EXPECTED_EVENTS = sum(len(scene.event_types) for scene in SCENES)
