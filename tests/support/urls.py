"""Strategies that make URLs as an attacker would: all spellings of addresses, hosts beside hosts, odd characters."""

import ipaddress
import socket
import string

from hypothesis import strategies as st

from dispatcher.core.address import Address
from dispatcher.core.url import INTERNAL_LABELS
from tests.support.bad_inputs import BAD_URLS, GOOD_URLS, INTERNAL_URLS
from tests.support.special_purpose import DIFFERENCES, REGISTRY_V4, REGISTRY_V6, edges


def near(points: list[int], bits: int) -> st.SearchStrategy[int]:
    """Any number of so many bits, more often one close to a point."""
    close = st.builds(int.__add__, st.sampled_from(points), st.integers(-3, 3))
    return st.integers(0, 2**bits - 1) | close.filter(lambda number: 0 <= number < 2**bits)


def _edges(version: int) -> list[int]:
    blocks = [row[0] for row in (*REGISTRY_V4, *REGISTRY_V6)] + [text for text, _ in DIFFERENCES]
    return sorted({edge for text in blocks for of, *both in [edges(text)] if of == version for edge in both})


# Every edge of a block that the registries or we know, and what lies beside it.
EDGES: list[Address] = [ipaddress.IPv4Address(n + d) for n in _edges(4) for d in (-1, 0, 1) if 0 <= n + d < 2**32]
EDGES += [ipaddress.IPv6Address(n + d) for n in _edges(6) for d in (-1, 0, 1) if 0 <= n + d < 2**128]
V4_NUMBERS = near(_edges(4), 32)
# Half of all that are drawn from the whole space lie outside of 2000::/3; these lie inside.
V6_NUMBERS = near(_edges(6), 128) | st.integers(1 << 125, (1 << 126) - 1)


def forms_of_v4(number: int) -> list[str]:
    """How resolvers, libraries and browsers have read an IPv4 address."""
    a, b, c, d = number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255
    plain = f"{a}.{b}.{c}.{d}"
    return [
        plain, plain, plain, f"{plain}.", f"0{plain}", f"{a:03}.{b}.{c}.{d}", f"{a}.{b}.{number & 0xFFFF}",
        f"{a}.{number & 0xFFFFFF}", str(number), hex(number), f"0{number:o}", f"{a:#x}.{b}.{c}.{d:#X}",
        f"0{a:o}.0{b:o}.{c}.{d}", plain.replace(".", "\u3002"), plain.replace("1", "\uff11"),
        plain.replace("1", "%31"), f"[{plain}]",
    ]  # fmt: skip


def forms_of_v6(number: int) -> list[str]:
    """How IPv6 addresses are written, with what has been written behind them."""
    address = ipaddress.IPv6Address(number)
    dotted = ipaddress.IPv4Address(number & 0xFFFFFFFF)
    front = ":".join(address.exploded.split(":")[:6])
    return [
        f"[{address}]", f"[{address}]", f"[{address.exploded}]", f"[{str(address).upper()}]", f"[{front}:{dotted}]",
        f"[{address}%25lo]", f"[{address}%lo]", str(address), f"[{address}", f"[{address}/64]",
    ]  # fmt: skip


def _holding_v4(number: int) -> list[int]:
    """The IPv6 addresses that hold an IPv4 address: mapped, compatible, translated, NAT64, 6to4, Teredo."""
    fronts = [0xFFFF << 32, 0, 0xFFFF << 48, 0x64FF9B << 96, 0x64FF9B0001 << 80]
    return [front | number for front in fronts] + [0x2002 << 112 | number << 80, 0x2001 << 112 | number]


LITERALS = (
    V4_NUMBERS.map(forms_of_v4).flatmap(st.sampled_from)
    | V6_NUMBERS.map(forms_of_v6).flatmap(st.sampled_from)
    | V4_NUMBERS.map(_holding_v4).flatmap(st.sampled_from).map(forms_of_v6).flatmap(st.sampled_from)
)
LETTERS = string.ascii_letters + string.digits
WORDS = st.text(LETTERS, min_size=1, max_size=8)
LABELS = (
    WORDS
    | st.text(LETTERS + "-_", min_size=1, max_size=8)
    | WORDS.map("xn--{}".format)
    | st.integers(62, 65).map("a".__mul__)
)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join) | st.builds(
    "{}.{}".format, LABELS, st.sampled_from(["example", "1", "0x1", *sorted(INTERNAL_LABELS)])
)
JUNK = st.text(st.sampled_from(" \t\n\\/@:#?%[].,*_-0x1a\u3002\uff11\u0130\u017f"), max_size=6)
HOSTS = LITERALS | LITERALS | NAMES | st.builds("{}{}{}".format, NAMES | LITERALS, JUNK, NAMES | LITERALS) | JUNK
PORTS = st.sampled_from(["", "", "", ":", ":0", ":0443", ":1x", ":443:443"]) | near([22, 443, 1023, 65535], 17).map(
    ":{}".format
)
USERS = st.sampled_from(["", "", "", "", "", "user@", "user:pw@", "clinic.example:443@", "@"])
TAILS = st.sampled_from(["", "/", "/", "/path?a=b", "?a=b", "#x", "/#@clinic.example", "\\@clinic.example/"]) | JUNK
SCHEMES = st.sampled_from(["https://"] * 12 + ["http://", "HTTPS://", "https:", "//", "ftp://", " https://"])

URLS = (
    st.builds("{}{}{}{}{}".format, SCHEMES, USERS, HOSTS, PORTS, TAILS)
    | st.builds("https://{}{}/".format, LITERALS | NAMES, PORTS)
    | st.sampled_from([url for url, _ in BAD_URLS] + GOOD_URLS + INTERNAL_URLS)
)
# As a clinic would write them: most of these pass.
WELL_FORMED = st.builds(
    "https://{}{}{}".format,
    st.builds("{}.{}.example".format, WORDS | WORDS.map("xn--{}".format), WORDS | WORDS.map("a-{}--b".format))
    | V4_NUMBERS.map(ipaddress.IPv4Address)
    | V6_NUMBERS.map(ipaddress.IPv6Address).map("[{}]".format),
    st.sampled_from(["", "", ":443"]) | st.integers(1024, 65535).map(":{}".format),
    st.sampled_from(["", "/", "/path?a=b", "?a=b@c:d", "/a/../b"]),
)


def resolved_by_c(host: str) -> str | None:
    """The address that a C library makes of a host without asking anybody: legacy numeric forms; None for a name."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
