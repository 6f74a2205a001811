"""Lists of what has an event's id, the newest event first, read one window of time after the other.

The newest rows are those of the last days, and partitions are by day. A list that asked for all days at once would open
and lock each of them with its indexes, to show what the newest two hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

Place = tuple[UUID, int]
"""Where a row stands in a list: its event's id, and its own id; 0 where the event itself is the row."""

LARGEST = 2**63 - 1  # bigint
EPOCH = datetime.fromtimestamp(0, UTC)
RECENT = timedelta(days=3)  # back from where the list begins; then everything

# How far a clock may have been set back, or another one may be ahead: between an event and what followed from it, and
# between what was written and now.
CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True)
class Window:
    """Rows of events from `since` on, that stand behind `before`."""

    since: datetime
    before: Place

    @property
    def first(self) -> Place:
        """The last place of it, and the first one by time."""
        return floor(self.since)


EVERYTHING = Window(EPOCH, (UUID(int=2**128 - 1), LARGEST))


def floor(at: datetime) -> Place:
    """The place behind which all events are older than a moment; its UUID is that of uuid_v7_floor()."""
    return UUID(int=(at - EPOCH) // timedelta(milliseconds=1) << 80), 0


def moment(event_id: UUID) -> datetime:
    """When an event was made, to the millisecond."""
    return EPOCH + timedelta(milliseconds=event_id.int >> 80)


def windows(now: datetime, since: datetime | None, until: datetime | None, after: Place | None) -> Iterator[Window]:
    """The windows that have all that is chosen, the newest first.

    Args:
        now: by the database's clock.
        since: events from this time on.
        until: events before this time.
        after: the place behind which the list goes on, as anybody may have written it.
    """
    oldest = EPOCH if since is None else max(since, EPOCH)
    latest = now + CLOCKS_DIFFER
    end = floor(latest if until is None else max(min(until, latest), EPOCH))
    before = end if after is None else min(end, after)
    newest = min(moment(before[0]), now)
    start = max(newest, EPOCH + RECENT) - RECENT
    if start > oldest:
        yield Window(start, before)
        before = floor(start)
    yield Window(oldest, before)
