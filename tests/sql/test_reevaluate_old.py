"""reevaluate: events from before the finished deliveries that are kept, of which nobody knows any more who had them."""

import pytest

from tests.sql.replaying import advance, dry_run, start_reevaluation
from tests.sql.steps import endpoint
from tests.sql.test_reevaluate import made
from tests.support.days import add_day, add_event, add_finished, ago, name_of
from tests.support.host import Host


def let_be_created(host: Host, endpoint_id: int, days: int) -> None:
    """As if an endpoint were so many days old."""
    host.rows(
        "update outbound_webhooks.endpoints set created_at = created_at - make_interval(days => %s) where id = %s",
        days, endpoint_id,
    )  # fmt: skip


def test_what_was_delivered_and_is_forgotten(numbered: Host) -> None:
    """A dead delivery keeps the events of its day, while those that succeeded go: they are not owed to who had them."""
    day = ago(numbered, 40)
    add_day(numbered, day)
    event = add_event(numbered, day)
    for state in ("succeeded", "dead"):
        had = endpoint(numbered)
        let_be_created(numbered, had.id, 50)
        add_finished(numbered, event, state, day, had.id)
    for row in numbered.rows("select partition from outbound_webhooks.retention_plan() where goes"):
        numbered.rows(f"drop table outbound_webhooks.{row['partition']}")
    before = dry_run(numbered, "reevaluate", since=day)
    new = endpoint(numbered)
    counted = dry_run(numbered, "reevaluate", since=day)
    advance(numbered, start_reevaluation(numbered, since=day, rate=10000))

    kept = numbered.rows("select state from outbound_webhooks.delivery_log where not reevaluated")
    assert [row["state"] for row in kept] == ["dead"]
    assert (before, counted) == (0, 1)
    assert made(numbered) == [(new.id, 1)]


@pytest.mark.parametrize(
    ("finished", "dead", "event", "created", "count"),
    [
        (30, 90, 30, 50, 1),
        (30, 90, 31, 50, 0),
        (30, 90, 31, 29, 1),
        (90, 30, 31, 50, 0),
        (60, 90, 40, 50, 1),
    ],
)
def test_how_far_back_deliveries_are_known(
    numbered: Host, finished: int, dead: int, event: int, created: int, count: int
) -> None:
    """While neither what succeeded nor what died is gone; to an endpoint that was created since, whatever it is."""
    numbered.rows("update outbound_webhooks.settings set finished_keep_days = %s, dead_keep_days = %s", finished, dead)
    add_day(numbered, ago(numbered, 50))
    add_day(numbered, ago(numbered, event))
    add_event(numbered, ago(numbered, event))
    let_be_created(numbered, endpoint(numbered).id, created)

    assert dry_run(numbered, "reevaluate", since="epoch") == count


@pytest.mark.parametrize("gone", ["finished_deliveries_done", "finished_deliveries_dead"])
def test_days_that_went_before_the_setting_was_raised(numbered: Host, gone: str) -> None:
    """They do not come back by it: what was dropped decides, not what would be kept by now."""
    numbered.rows("update outbound_webhooks.settings set finished_keep_days = 60, dead_keep_days = 60")
    add_day(numbered, ago(numbered, 40))
    add_event(numbered, ago(numbered, 40))
    let_be_created(numbered, endpoint(numbered).id, 50)
    before = dry_run(numbered, "reevaluate", since="epoch")
    numbered.rows(f"drop table outbound_webhooks.{name_of(gone, ago(numbered, 40))}")

    assert (before, dry_run(numbered, "reevaluate", since="epoch")) == (1, 0)
