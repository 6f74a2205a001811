"""Texts and log fields without secrets: what has the form of one goes, and so does what stands behind the name of one.

Taken out are signing keys (whsec_, whsk_), API keys (owk_), 32 bytes in base64 (a master key), what follows Bearer and
Basic, the values of names such as password, token and authorization, and of URLs the password, and the query of those
that begin with http. A URL's path stays, and so does a body: they have no form to be told by, and nothing may log them.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

REDACTED = "[redacted]"

_HEADERS = r"(?:proxy-)?authorization|(?:set-)?cookie"  # bare, their value is the rest of the line
_NAMES = (
    r"(?:x-)?api[-_]?key|(?:x[-_])?(?:(?:access|auth|csrf|refresh|session)[-_])?token|(?:client[-_])?secret"
    r"|(?:pg|ssl)?password|passwd|passphrase|(?:master|private|signing)[-_]keys?"
)
_NAME = re.compile(rf"{_HEADERS}|{_NAMES}", re.IGNORECASE)
# In quotes, in quotes that are escaped once more, or bare; one that was cut off ends with its line.
_VALUE = r"""
    "(?:[^"\\\r\n]|\\.)*"? | '(?:[^'\\\r\n]|\\.)*'? | (?P<quote>\\+["']).*?(?:(?P=quote)|$)
    | (?(header) [^\r\n"']+ | [^\s"',;&)}]+ )
"""
_KEY = re.compile(r"(wh(?:sec|sk)_|owk_)[a-z0-9+/=_-]{6,}|(?<![a-z0-9+/])[a-z0-9+/]{43}=(?![a-z0-9+/=])", re.IGNORECASE)
_NAMED = re.compile(
    rf"""
    (?P<name> (?<![a-z0-9_-]) (?:(?P<header>{_HEADERS})|{_NAMES}) \\*["']? [ \t]* [:=]+>? [ \t]* ) (?P<value>{_VALUE})
    | (?P<scheme> \b(?:bearer|basic)[ \t]+ ) (?=[^\s"']*[0-9=+/]) [a-z0-9._~+/=-]{{8,}}
    | (?P<web> https?:// ) (?P<login> [^\s/?\#"'<>]*@ )? (?P<place> [^\s?\#"'<>]* ) (?P<query> [?\#][^\s"'<>]+ )?
    | (?P<user> [a-z][a-z0-9+.-]{{1,30}}://[^\s:/?\#"'<>]*: ) [^\s"'<>]+ (?=@)
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
# What any of these needs to match. Most texts of a log line have none of it, and are looked at once instead of twice.
_POSSIBLE = re.compile(r"[:=\s]|wh(?:sec|sk)_|owk_", re.IGNORECASE)


def redact(text: str) -> str:
    """The text with [redacted] in the place of each secret; again, it changes nothing more."""
    if _POSSIBLE.search(text) is None:
        return text
    return _NAMED.sub(_without, _KEY.sub(lambda found: (found[1] or "") + REDACTED, text))


def redact_field(name: str, value: object) -> object:
    """A field of a log line as it may be written: by its name, and by what is in it, however deep.

    Numbers, booleans and None are left as they are; what is no text and no collection either is written as its repr().
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if _names_a_secret(name):
        return REDACTED
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(str(key)): redact_field(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_field("", each) for each in value]
    return redact(repr(value))


@lru_cache(maxsize=1000)
def _names_a_secret(name: str) -> bool:
    return _NAME.fullmatch(name) is not None  # the names of fields are few, and come again with every line


def _without(found: re.Match[str]) -> str:
    part = found.groupdict(default="")
    if part["name"]:
        return part["name"] + _emptied(part["value"], part["quote"] or part["value"][0])
    if part["web"]:
        login = f"{REDACTED}@" if part["login"] else ""
        query = part["query"][:1] + REDACTED if part["query"] else ""
        return part["web"] + login + part["place"] + query
    return (part["scheme"] or part["user"]) + REDACTED


def _emptied(value: str, opening: str) -> str:
    """A value's quotes, as far as there are any, around nothing."""
    if opening[-1] not in "\"'":
        return REDACTED
    return opening + REDACTED + (opening if value[len(opening) :].endswith(opening) else "")
