"""What proxies write into X-Forwarded-For; some write the port, too: `192.0.2.1:50000`, `[2001:db8::1]:50000`."""

import re
from collections.abc import Sequence

# An IPv4 address has no colon: what stands after one is a port. An IPv6 address has a port only after brackets.
_PORT = re.compile(r"\s*(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?\s*", re.ASCII)


def without_ports(headers: Sequence[str]) -> list[str]:
    """The headers without the ports and brackets of their addresses; whatever else stands there stays as it is."""
    return [",".join(map(_without_port, header.split(","))) for header in headers]


def _without_port(hop: str) -> str:
    found = _PORT.fullmatch(hop)
    return hop if found is None else found[1] or found[2] or hop
