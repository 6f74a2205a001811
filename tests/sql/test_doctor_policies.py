"""doctor(): row-level security of our own tables that is missing, or was added to."""

import pytest

from tests.sql.doctoring import findings, only_finding, remedy
from tests.support.host import Host


@pytest.mark.parametrize(
    ("fault", "subject"),
    [
        ("alter table outbound_webhooks.events disable row level security", "table events"),
        ("drop policy clinic on outbound_webhooks.endpoints", "table endpoints"),
        ("drop policy platform on outbound_webhooks.deliveries", "table deliveries"),
        ("create table outbound_webhooks.later (clinic_id text)", "table later"),
    ],
)
def test_the_doctor_finds_what_is_missing(healthy: Host, fault: str, subject: str) -> None:
    """Each is a problem, and its remedy, as a member of the owner role, brings it back."""
    healthy.rows(fault)

    found = next(each for each in findings(healthy) if each["code"] == "policies-missing")
    remedy(healthy, found)

    assert (found["severity"], found["subject"]) == ("problem", subject)
    assert [each for each in findings(healthy) if each["code"] == "policies-missing"] == []


def test_the_doctor_finds_a_policy_of_somebody_elses(healthy: Host) -> None:
    """Policies add up: one that shows more than ours is a warning, until it is dropped."""
    healthy.rows("create policy all_of_it on outbound_webhooks.events using (true)")

    found = only_finding(healthy)
    healthy.rows(str(found["remedy"]).partition(", if")[0])

    assert (found["severity"], found["code"], found["subject"]) == ("warning", "policy-foreign", "table events")
    assert findings(healthy) == []
