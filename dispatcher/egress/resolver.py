"""The resolver that aiohttp is given: every answer has to pass the address policy."""

import errno
import socket
from collections import Counter
from collections.abc import Sequence
from contextvars import ContextVar

from aiohttp.abc import AbstractResolver, ResolveResult

from dispatcher.core.address import Network, refusal
from dispatcher.egress.errors import BlockedAddress
from dispatcher.egress.lookups import TIMEOUT_SECONDS, Lookups

ADDRESSES_OF_A_FAMILY = 4  # of a name are tried: its owner must not have us knock at a thousand doors

# How long the request of this task may wait for its name; aiohttp hands a resolver nothing of the request.
lookup_seconds: ContextVar[float] = ContextVar("lookup_seconds", default=TIMEOUT_SECONDS)


class GuardedResolver(AbstractResolver):
    """One refused answer refuses the name. What is checked is what is connected to: there is no second look-up."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self._lookups = Lookups()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name, checked.

        Raises:
            BlockedAddress: one of them is refused.
            OSError, ValueError: as Lookups.find.
        """
        results: list[ResolveResult] = []
        of_family: Counter[int] = Counter()
        for answer_family, _, protocol, _, address in await self._lookups.find(host, family, lookup_seconds.get()):
            ip = str(address[0])
            if (reason := refusal(ip, self._allowed)) is not None:
                raise BlockedAddress(errno.EPERM, f"blocked address: {reason}")
            of_family[answer_family] += 1
            if of_family[answer_family] <= ADDRESSES_OF_A_FAMILY:
                results.append(
                    ResolveResult(
                        hostname=host,
                        host=ip,
                        port=port,
                        family=answer_family,
                        proto=protocol,
                        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                    )
                )
        return results

    async def close(self) -> None:
        """End the threads that wait."""
        self._lookups.close()
