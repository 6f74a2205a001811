"""The dispatcher of the demo, and the attempts it makes."""

import itertools
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dispatcher.demo.process import WAIT_SECONDS, Program


@dataclass(frozen=True)
class Attempt:
    """One attempt, as the dispatcher logged it once it was recorded; `state` is where it left the delivery."""

    webhook_id: str
    event_type: str
    clinic_id: str
    endpoint_id: int
    number: int
    status: int | None
    error: str | None
    duration_ms: int
    state: str
    retry_in: float | None


@dataclass
class DispatcherProcess(Program):
    """`python -m dispatcher run`, and the attempts it made."""

    COMMAND = "run"
    NAME = "the dispatcher"

    attempts: list[Attempt] = field(default_factory=list)

    @staticmethod
    def settings(port: int) -> dict[str, str]:
        """Where its pages are."""
        return {"OPS_PORT": str(port)}

    @property
    def ops_url(self) -> str:
        """Where /healthz, /readyz and /metrics are."""
        return f"http://127.0.0.1:{self.port}"

    async def follow(self, start: int = 0, timeout: float | None = WAIT_SECONDS) -> AsyncIterator[Attempt]:
        """Every attempt from the given index on, as they are made; it goes on until the caller has seen enough.

        Raises:
            DemoFailed: the dispatcher ended, or `timeout` seconds have passed without another attempt.
        """
        for index in itertools.count(start):
            await self.wait_for(partial(self._has, index), "no attempt was made", timeout)
            yield self.attempts[index]

    def _has(self, index: int) -> bool:
        return len(self.attempts) > index

    async def wait_until_ready(self) -> Mapping[str, str]:
        """Ask /readyz until every check is ok; returns what the checks say.

        Raises:
            DemoFailed: the dispatcher ended, or is not ready in time.
        """
        answer = await self.wait_until(_is_ready, "/readyz")
        return {name: check["detail"] for name, check in answer["checks"].items()}

    def take(self, line: bytes, /) -> bool:
        """Collect the attempt that a line tells of."""
        attempt = parse_attempt(line)
        if attempt is None:
            return False
        self.attempts.append(attempt)
        return True


def _is_ready(answer: Any) -> bool:
    return bool(answer) and all(check["status"] == "ok" for check in answer["checks"].values())


def parse_attempt(line: bytes) -> Attempt | None:
    """The attempt that a line of the JSON log tells of, or None."""
    try:
        entry: Any = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("event") not in ("attempt.succeeded", "attempt.failed"):
        return None
    return Attempt(
        webhook_id=entry["webhook_id"],
        event_type=entry["event_type"],
        clinic_id=entry["clinic"],
        endpoint_id=entry["endpoint"],
        number=entry["attempt"],
        status=entry.get("status"),
        error=entry.get("error"),
        duration_ms=entry["duration_ms"],
        state=entry["state"],
        retry_in=entry.get("retry_in_s"),
    )
