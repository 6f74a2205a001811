"""What docs/capture.md shows is what the program prints, and its SQL runs, on the sample host of the demo."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dispatcher.demo import host as sample
from tests.sql import steps
from tests.sql.steps import Session
from tests.support.cli import cli
from tests.support.process import ROOT

PAGE = Path(ROOT / "docs" / "capture.md").read_text()
BLOCKS = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MAPPING = ["--map", "amount=amount_cents", "--map", "refunded_amount=refunded_amount_cents"]


@pytest.fixture
def clinics(database_url: str) -> Iterator[Session]:
    """The sample host's tables, without the role that writes them: roles belong to the whole server."""
    with closing(Session(database_url)) as found:
        found.connection.execute(sample.SCHEMA.split("create role")[0])
        found.connection.execute(sample.SEED)
        yield found


def test_what_watch_says(env: dict[str, str], clinics: Session) -> None:
    """Each line that watch prints is on the page."""
    done = cli("watch", "payment_transactions", *MAPPING, **env)

    assert all(f"\n    {line}\n" in PAGE for line in done.out.splitlines())


def test_the_generated_function(env: dict[str, str], clinics: Session) -> None:
    """The trigger function on the page is the one that --dry-run prints; only the table's oid is another one."""
    done = cli("watch", "payment_transactions", *MAPPING, "--dry-run", **env)
    printed = re.search(
        r"^create or replace function outbound_webhooks\.capture_.*?\$function\$;\n", done.out, re.MULTILINE | re.DOTALL
    )
    assert printed is not None

    assert re.sub(r'"relation": "\d+"', '"relation": "16423"', printed[0]) == BLOCKS[0]


def test_the_sql(env: dict[str, str], clinics: Session) -> None:
    """The other statements on the page run as they are, and do what is said of them."""
    cli("watch", "payment_transactions", *MAPPING, **env)
    steps.endpoint(clinics, "1")
    steps.endpoint(clinics, "42")
    clinics.rows("select outbound_webhooks.set_capture(true)")
    clinics.rows("create table imported_payments (like payment_transactions including all)")
    clinics.rows(
        "insert into imported_payments (clinic_id, checkout_id, provider, amount_cents, currency, created_at)"
        " values (1, 1, 'a', 100, 'BRL', now()), (1, 1, 'b', 200, 'BRL', now() - interval '1 year')"
    )

    for block in BLOCKS[1:]:
        clinics.connection.execute(block.encode())
    imported, payout = steps.bodies(clinics)

    assert len(BLOCKS) == 5
    assert imported["data"] == {
        "id": "1", "clinic_id": "1", "status": "pending", "amount": 100, "currency": "BRL", "provider": "A",
        "previous": None,
    }  # fmt: skip
    assert (payout["type"], payout["data"]) == ("payout.scheduled", {"amount": 120000, "currency": "BRL"})
    assert clinics.value("select description from outbound_webhooks.event_types where name = 'payout.scheduled'")
    assert [row["code"] for row in clinics.rows("select * from outbound_webhooks.doctor()")] == [
        "no-dispatcher", "not-armed", "payload-own", "switch-off",
    ]  # fmt: skip
