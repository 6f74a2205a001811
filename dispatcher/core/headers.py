"""The headers that a clinic adds to its requests: what they may be called and hold, and why not.

The rules in the database (sql_functions/81_check_header.sql, 81_guard_header.sql) are the same, with the same words:
tests/sql/test_header_rules.py feeds both. Here they are the last word, before a request is built.
"""

import base64
import re
from collections.abc import Iterable

MAX_HEADERS = 20  # of an endpoint
MAX_NAME_BYTES = 256
MAX_VALUE_BYTES = 4096
MAX_TOTAL_BYTES = 16 * 1024  # names and values of an endpoint

# RFC 9110: 5.6.2 token; 5.5 field values, without obs-text; 11.2 token68.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[!-~](?:[ \t!-~]*[!-~])?")
_CREDENTIALS = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~](?:[ \t!-~]*[!-~])?)")
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

_EACH = "every request has one of its own"
_BODY = "it describes the body, which is not yours"
_TRACE = "it is of the trace in which the event was written"
_CONNECTION = "it is about the connection, which is not yours"
_SESSION = "a request is of no session: use authorization"
_ORIGIN = "it says where a request came from, or is meant to go"
_METADATA = "metadata services of clouds obey it"
_CONDITION = "it makes the answer depend on something else than the event"
_DATE = "it would be the same in every attempt: there is webhook-timestamp"

# By name, or by how a name begins if it ends with a dash: the code, and the reason. An underscore is read as a dash, as
# receivers behind CGI or WSGI read it: there, webhook_id is webhook-id.
REFUSED = {
    "accept": ("header_reserved", _EACH),
    "accept-encoding": ("header_reserved", _EACH),
    "host": ("header_reserved", _EACH),
    "user-agent": ("header_reserved", _EACH),
    "webhook-": ("header_reserved", _EACH),
    "content-type": ("header_reserved", _BODY),
    "content-length": ("header_reserved", _BODY),
    "content-": ("header_forbidden", _BODY),
    "traceparent": ("header_reserved", _TRACE),
    "tracestate": ("header_reserved", _TRACE),
    "connection": ("header_forbidden", _CONNECTION),
    "expect": ("header_forbidden", _CONNECTION),
    "http2-settings": ("header_forbidden", _CONNECTION),
    "keep-alive": ("header_forbidden", _CONNECTION),
    "proxy-": ("header_forbidden", _CONNECTION),
    "te": ("header_forbidden", _CONNECTION),
    "trailer": ("header_forbidden", _CONNECTION),
    "transfer-encoding": ("header_forbidden", _CONNECTION),
    "upgrade": ("header_forbidden", _CONNECTION),
    "cookie": ("header_forbidden", _SESSION),
    "cookie2": ("header_forbidden", _SESSION),
    "set-cookie": ("header_forbidden", _SESSION),
    "set-cookie2": ("header_forbidden", _SESSION),
    "forwarded": ("header_forbidden", _ORIGIN),
    "proxy": ("header_forbidden", _ORIGIN),  # CGI turns it into HTTP_PROXY
    "via": ("header_forbidden", _ORIGIN),
    "x-forwarded-": ("header_forbidden", _ORIGIN),
    "x-http-method": ("header_forbidden", _ORIGIN),
    "x-http-method-override": ("header_forbidden", _ORIGIN),
    "x-method-override": ("header_forbidden", _ORIGIN),
    "x-original-": ("header_forbidden", _ORIGIN),
    "x-real-ip": ("header_forbidden", _ORIGIN),
    "x-rewrite-url": ("header_forbidden", _ORIGIN),
    "metadata": ("header_forbidden", _METADATA),
    "metadata-flavor": ("header_forbidden", _METADATA),
    "x-aws-ec2-metadata-": ("header_forbidden", _METADATA),
    "x-google-metadata-request": ("header_forbidden", _METADATA),
    "if-": ("header_forbidden", _CONDITION),
    "range": ("header_forbidden", _CONDITION),
    "date": ("header_forbidden", _DATE),
}


class HeaderRefused(ValueError):
    """A header cannot be sent; the message says why, and never holds its value.

    `code` is one of header_name, header_value, header_forbidden (nobody may set it), header_reserved (we set it),
    header_count, header_size.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers of an endpoint, by lower-case name.

    Raises:
        HeaderRefused: one of them, or all of them together, cannot be sent.
    """
    checked: dict[str, str] = {}
    for given, value in headers:
        check_header(given, value)
        name = given.lower()
        if name in checked:
            raise HeaderRefused("header_name", f"the header {name} is named twice")
        checked[name] = value
    if len(checked) > MAX_HEADERS:
        raise HeaderRefused("header_count", f"an endpoint has at most {MAX_HEADERS} headers of its own")
    if sum(len(name) + len(value) for name, value in checked.items()) > MAX_TOTAL_BYTES:
        raise HeaderRefused("header_size", f"the headers of an endpoint have at most {MAX_TOTAL_BYTES} bytes together")
    return checked


def check_header(name: str, value: str) -> None:
    """Check one header.

    Raises:
        HeaderRefused: it cannot be sent.
    """
    # What is no name is not repeated: it may be the value, in the wrong place.
    if _size(name) > MAX_NAME_BYTES:
        raise HeaderRefused("header_size", f"the name of a header has at most {MAX_NAME_BYTES} bytes")
    if not _TOKEN.fullmatch(name):
        raise HeaderRefused("header_name", "the name of a header has letters, digits and !#$%&'*+-.^_`|~ only")
    name = name.lower()
    if refused := _refused(name.replace("_", "-")):
        code, reason = refused
        raise HeaderRefused(code, f"the header {name} cannot be set: {reason}")
    if _size(value) > MAX_VALUE_BYTES:
        raise HeaderRefused("header_size", f"the value of the header {name} has at most {MAX_VALUE_BYTES} bytes")
    if not _VALUE.fullmatch(value):
        raise HeaderRefused(
            "header_value", f"the value of the header {name} is printable ASCII, with spaces and tabs only inside of it"
        )
    if name == "authorization":
        _check_authorization(value)


def _check_authorization(value: str) -> None:
    """A slip here costs a refused request each time, for days."""
    credentials = _CREDENTIALS.fullmatch(value)
    if credentials is None:
        raise HeaderRefused("header_value", "the header authorization is a scheme, a space and credentials")
    scheme = credentials[1].lower()
    if scheme == "bearer" and not _BEARER.fullmatch(credentials[2]):
        raise HeaderRefused("header_value", "a bearer token has letters, digits and -._~+/ only, and = only at its end")
    if scheme == "basic" and not (_BASE64.fullmatch(credentials[2]) and b":" in base64.b64decode(credentials[2])):
        raise HeaderRefused("header_value", "basic credentials are the base64 of a user, a colon and a password")


def _refused(name: str) -> tuple[str, str] | None:
    """Why a name cannot be set: its own entry first, then one that it begins with."""
    if name in REFUSED:
        return REFUSED[name]
    beginnings = (entry for entry in REFUSED if entry.endswith("-") and name.startswith(entry))
    return next((REFUSED[entry] for entry in beginnings), None)


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))
