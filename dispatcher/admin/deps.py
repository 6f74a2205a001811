"""What the handlers are given, and what the middlewares leave for them at a request."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from dispatcher.core.access import may
from dispatcher.core.address import Network
from dispatcher.core.identity import Principal
from dispatcher.core.model import Request, SendResult
from dispatcher.core.ratelimit import Decision, Limiter
from dispatcher.core.sealing import Keyring
from dispatcher.core.tokens import TokenRules
from dispatcher.db import Pool
from dispatcher.telemetry.observations import Observe


@dataclass(frozen=True)
class Options:
    """What is configured.

    Attributes:
        public_url: scheme, host and port by which browsers reach us; None: there are no portal sessions.
        trusted_proxies: whose X-Forwarded-For counts.
        code_seconds, idle_seconds, session_seconds: how long a one-time code can be used, and how long a session lasts
            without a request, and at most.
        tokens: which JSON Web Tokens are accepted; None: none.
        asks_membership: whether the host's clinic_role() says what a person is at a clinic.
    """

    public_url: str | None = None
    trusted_proxies: tuple[Network, ...] = ()
    code_seconds: int = 60
    idle_seconds: int = 1800
    session_seconds: int = 43200
    tokens: TokenRules | None = None
    asks_membership: bool = False


@dataclass(frozen=True)
class Sender:
    """The way out, for tests: as a dispatcher has it.

    Attributes:
        environment: in which this process sends; the database has to be armed for it.
        under_way: how many tests wait for an answer, by whose they are.
    """

    send: Callable[[Request], Awaitable[SendResult]]
    keyring: Keyring
    environment: str
    user_agent: str
    under_way: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Deps:
    """What the handlers work with. `now` is seconds since the epoch; `clock` never goes back.

    `counting`: who has something counted at this moment.
    """

    pool: Pool
    options: Options
    observe: Observe
    sender: Sender | None = None  # nothing is sent by this process
    limiter: Limiter = field(default_factory=Limiter)
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    counting: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Visit:
    """A request that was let in: who it is from, where from, and the clinic that it is about (None: about none)."""

    principal: Principal
    clinic_id: str | None
    request_id: str
    address: str

    def may(self, action: str) -> bool:
        """Whether the role of who calls, at the clinic that this is about, allows something."""
        role = self.principal.role_at(self.clinic_id)
        return role is not None and may(role, action)


DEPS = web.AppKey("deps", Deps)
REQUEST_ID = web.RequestKey("request_id", str)
ADDRESS = web.RequestKey("address", str)
VISIT = web.RequestKey("visit", Visit)
LIMITS = web.RequestKey("limits", Decision)


def now_of(request: web.Request) -> datetime:
    """When a request is answered."""
    return datetime.fromtimestamp(request.app[DEPS].now(), UTC)
