"""May an endpoint have this URL? The policy of `outbound_webhooks.url_refusal()`, for those who ask before they write.

It reads a URL narrowly: what two parsers could read in two ways is refused. It judges names by their form only; what a
name leads to is judged at each connection, by `core.address`.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dispatcher.core.address import Address, refusal

MAX_LENGTH = 2048

# Two parts of regular expressions, and what is made of them. All are read as ASCII only.
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_REST_OF_LABEL = r"([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_UNPRINTABLE = re.compile(r"[^!-~]|\\")
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^\[\]:]*)(:(?P<port>.*))?")
_IPV4 = re.compile(rf"{_OCTET}(\.{_OCTET}){{3}}")
_IPV6 = re.compile(r"\[([0-9A-Fa-f]{0,4}:){2,8}([0-9A-Fa-f]{0,4}|[0-9]{1,3}(\.[0-9]{1,3}){3})\]")
# The last label begins with a letter: a number there makes an IPv4 address of it, in one of its legacy forms.
_NAME = re.compile(rf"([A-Za-z0-9]{_REST_OF_LABEL}\.)*[A-Za-z]{_REST_OF_LABEL}")
_PORT = re.compile(r"[1-9][0-9]{0,4}")

_LOOPBACK_V6 = ipaddress.IPv6Address("::1")
_HOLD_IPV4 = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("::ffff:0:0/96"))

# Last labels that public DNS does not have (RFC 6761, 6762 with its appendix G, 7686, 8375, 9476; ICANN reserved
# `internal`), that are infrastructure (`arpa`), or that Kubernetes completes (`name.namespace.svc`).
INTERNAL_LABELS = frozenset({
    "alt", "arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost",
    "onion", "private", "svc", "test",
})  # fmt: skip

_FORMS = (
    "A name has labels of letters, digits and hyphens; the last one begins with a letter, and no dot follows it."
    " An address is written as 203.0.113.7 or [2001:db8::7], without a zone."
)
_OPEN = " Where receivers are inside: select outbound_webhooks.set_url_policy(true)."
# What is said, and what can be done. Never what stood in the URL: that may be a password.
_WORDS = {
    "url_length": ("a URL must have at most 2048 characters", "Shorten its path or its query."),
    "url_characters": (
        "a URL must have printable ASCII characters only, no space and no backslash",
        "Write others percent-encoded (a space is %20), and an international host name in punycode (xn--...).",
    ),
    "url_scheme": ("a URL must begin with https://", "For example https://clinic.example/webhooks."),
    "url_userinfo": (
        "a URL must have no user name and no password",
        "Take out what stands before the @. A receiver knows our requests by their signatures.",
    ),
    "url_fragment": ("a URL must have no fragment", "Take out the # and what follows it: it would not be sent."),
    "url_host": ("a URL's host must be a DNS name, or an IP address in its usual form", _FORMS),
    "url_internal_host": ("a URL's host must have a public DNS name", "This one is of use within a network." + _OPEN),
    "url_blocked_address": ("a URL's host must be a public address", "This one leads inside, or nowhere." + _OPEN),
    "url_port": (
        "a URL's port must be one of these: {ports}",
        "Without one it is 443. To allow others: select outbound_webhooks.set_url_policy(p_allowed_ports => ...).",
    ),
}
URL_CODES = frozenset(_WORDS)


@dataclass(frozen=True)
class UrlPolicy:
    """What `outbound_webhooks.settings` say about URLs; the defaults are those of an installation.

    Attributes:
        internal_urls: URLs may name internal hosts and private addresses.
        allowed_ports: the ports that they may have, in ascending order.
    """

    internal_urls: bool = False
    allowed_ports: tuple[range, ...] = (range(443, 444), range(1024, 65536))


@dataclass(frozen=True)
class UrlRefusal:
    """Why a URL is refused.

    Attributes:
        code: stable, one of URL_CODES.
        message: for people; it holds nothing of the URL.
        hint: what can be done.
    """

    code: str
    message: str
    hint: str


INSTALLED = UrlPolicy()


def url_refusal(url: str, policy: UrlPolicy = INSTALLED) -> UrlRefusal | None:
    """Why an endpoint may not have a URL, or None if it may."""
    code = _code(url, policy)
    if code is None:
        return None
    message, hint = _WORDS[code]
    return UrlRefusal(code, message.format(ports=", ".join(map(_shown, policy.allowed_ports))), hint)


def _code(url: str, policy: UrlPolicy) -> str | None:
    if len(url) > MAX_LENGTH:
        return "url_length"
    if _UNPRINTABLE.search(url):
        return "url_characters"
    scheme, separator, rest = url.partition("https://")
    if scheme or not separator:
        return "url_scheme"
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        return "url_userinfo"
    if "#" in rest:
        return "url_fragment"
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return "url_host"
    return _host_code(found["host"], policy.internal_urls) or _port_code(found["port"], policy.allowed_ports)


def _host_code(host: str, internal_urls: bool) -> str | None:
    address = _address(host)
    if address is not None:
        if not internal_urls and refusal(str(address)) is not None:
            return "url_blocked_address"
        return None if _is_usual(host, address) else "url_host"
    if len(host) > 253 or not _NAME.fullmatch(host):
        return "url_host"
    labels = host.lower().split(".")
    if not internal_urls and (len(labels) == 1 or labels[-1] in INTERNAL_LABELS):
        return "url_internal_host"
    return None


def _address(host: str) -> Address | None:
    """The address that a host is, in any form that a URL may have it in; None for a legacy form."""
    if not _IPV4.fullmatch(host) and not _IPV6.fullmatch(host):
        return None
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _is_usual(host: str, address: Address) -> bool:
    """Whether this is the one form of an address. One that holds an IPv4 address has that one's."""
    if address != _LOOPBACK_V6 and any(address in network for network in _HOLD_IPV4):
        return False
    return host.strip("[]") == str(address)


def _port_code(port: str | None, allowed: Sequence[range]) -> str | None:
    if port is None:
        port = "443"
    if not _PORT.fullmatch(port) or not any(int(port) in ports for ports in allowed):
        return "url_port"
    return None


def _shown(ports: range) -> str:
    return str(ports.start) if len(ports) == 1 else f"{ports.start}-{ports.stop - 1}"
