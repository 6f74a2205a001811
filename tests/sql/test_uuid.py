"""uuid_v7, event_id and uuid_v7_floor: ids that sort by time, and where a moment begins among them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.support.host import Host

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def uuid_v7(host: Host, at: datetime) -> UUID:
    """A new id for a moment."""
    found = host.value("select outbound_webhooks.uuid_v7(%s)", at)
    assert isinstance(found, UUID)
    return found


def uuid_v7_floor(host: Host, at: datetime) -> UUID:
    """The smallest id of a moment."""
    found = host.value("select outbound_webhooks.uuid_v7_floor(%s)", at)
    assert isinstance(found, UUID)
    return found


def test_fields(sandbox: Host) -> None:
    """RFC 9562: 48 bits of milliseconds, version 7, the RFC's variant, and random bits."""
    at = NOON + timedelta(milliseconds=123)

    found = [uuid_v7(sandbox, at) for _ in range(3)]

    assert {(u.int >> 80, u.version, u.variant) for u in found} == {
        (int(at.timestamp() * 1000), 7, "specified in RFC 4122")
    }
    assert len(set(found)) == 3


def test_the_floor_before_all_ids(sandbox: Host) -> None:
    """Before 1970 no id can have been made: what is looked for up to then is nothing, and not everything."""
    floors = [uuid_v7_floor(sandbox, NOON.replace(year=year)) for year in (2, 1969)]
    always = sandbox.value("select outbound_webhooks.uuid_v7_floor('-infinity')")

    assert {*floors, always} == {UUID(int=0)}


def test_they_sort_by_microseconds(sandbox: Host) -> None:
    """Ids of one millisecond, made microseconds apart, are in the order of time."""
    found = [uuid_v7(sandbox, NOON + timedelta(microseconds=n)) for n in (0, 1, 2, 499, 500, 501, 998, 999, 1000)]

    assert found == sorted(found)


@pytest.mark.parametrize("microseconds", [0, 1, 499, 500, 501, 999])
def test_the_floor_of_a_moment(sandbox: Host, microseconds: int) -> None:
    """No id of that moment or a later one lies below the floor, none of the millisecond before lies above."""
    at = NOON + timedelta(microseconds=microseconds)

    floor = uuid_v7_floor(sandbox, at)

    assert floor <= uuid_v7(sandbox, at)
    assert floor > uuid_v7(sandbox, NOON - timedelta(microseconds=1))


def test_the_id_of_an_event_is_of_this_moment(sandbox: Host) -> None:
    """Whoever makes it, the server or we: version 7, and the time in it is now."""
    before = sandbox.value("select clock_timestamp()")
    found = sandbox.value("select outbound_webhooks.event_id(clock_timestamp())")
    after = sandbox.value("select clock_timestamp()")
    assert isinstance(before, datetime)
    assert isinstance(found, UUID)
    assert isinstance(after, datetime)

    assert (found.version, found.variant) == (7, "specified in RFC 4122")
    assert int(before.timestamp() * 1000) <= found.int >> 80 <= int(after.timestamp() * 1000)


def test_an_event_gets_the_servers_own_uuid_where_it_has_one(sandbox: Host) -> None:
    """PostgreSQL 18 has uuidv7(), which costs a payment less than ours."""
    found = sandbox.value("select prosrc from pg_proc where oid = 'outbound_webhooks.event_id'::regproc")

    assert ("uuidv7()" in str(found)) == (sandbox.connection.info.server_version >= 180000)
