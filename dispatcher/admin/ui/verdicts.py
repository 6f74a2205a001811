"""Do webhooks arrive? The answer that an overview begins with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dispatcher.admin.operations.attention import Attention
from dispatcher.admin.operations.overview import Overview, Platform
from dispatcher.telemetry.observations import PARTITIONS_WARN_BELOW_DAYS

_NOTHING_GOES = {"unarmed", "delivery_off", "no_dispatcher", "capture_off"}

Kind = Literal["good", "info", "warn", "bad"]


@dataclass(frozen=True)
class Verdict:
    """The answer.

    Attributes:
        code: platform, attention, none (there is no endpoint), given_up, quiet (nothing to deliver), well.
        kind: how bad that is.
    """

    code: Literal["platform", "attention", "none", "given_up", "quiet", "well"]
    kind: Kind


def verdict(overview: Overview, attention: Attention) -> Verdict:
    """The worst that there is to say."""
    endpoints, day = overview.endpoints, overview.last_day
    troubles = platform_troubles(overview.platform)
    is_bad = bool(attention.total) and attention.endpoints[0].why in ("disabled", "stopped", "failing")
    if troubles:
        return Verdict("platform", "bad" if is_bad or not _NOTHING_GOES.isdisjoint(troubles) else "warn")
    if attention.total:
        return Verdict("attention", "bad" if is_bad else "warn")
    if not endpoints.active + endpoints.paused + endpoints.disabled:
        return Verdict("none", "info")
    if day.dead:
        return Verdict("given_up", "warn")
    waits = overview.deliveries.pending + overview.deliveries.in_flight
    return Verdict("well", "good") if day.attempts or waits else Verdict("quiet", "info")


def platform_troubles(platform: Platform | None) -> list[str]:
    """What is wrong with the platform, the worst first: codes of PLATFORM_TROUBLES; None: not ours to say."""
    return [] if platform is None else list(_troubles(platform))


def _troubles(platform: Platform) -> Iterator[str]:
    if platform.armed_environment is None:
        yield "unarmed"
    if not platform.delivery:
        yield "delivery_off"
    if not platform.delivering:
        yield "no_dispatcher"
    if not platform.capture:
        yield "capture_off"
    elif platform.capturing < platform.sources:
        yield "not_capturing"
    if platform.ledger_open:
        yield "ledger_open"
    if platform.partition_days_ahead < PARTITIONS_WARN_BELOW_DAYS:
        yield "partitions"
