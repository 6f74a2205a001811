"""The hostile receivers, one row each, and what each has to come to. docs/answers.md has the same in words."""

from dataclasses import dataclass

from dispatcher.core.model import ErrorClass
from tests.hostile.behaviours import (
    CHUNKED,
    bomb,
    breaks_off,
    drips,
    floods,
    hangs_in_handshake,
    numbered_headers,
    repeated,
    says_instead_of_hello,
    writes_then,
)
from tests.hostile.certificates import BAD
from tests.support.raw import Behaviour, never_answers, writes

OK = b"HTTP/1.1 200 OK\r\n"
TIMEOUT, CONNECT, TLS, PROTOCOL = ErrorClass.TIMEOUT, ErrorClass.CONNECT, ErrorClass.TLS, ErrorClass.PROTOCOL


@dataclass(frozen=True)
class Hostile:
    """A receiver: what it does, over which TLS (None: plain TCP); what it comes to: a status, or a class of error."""

    name: str
    behaviour: Behaviour
    status: int | None = None
    error: ErrorClass | None = None
    note: str | None = None
    tls: str | None = "good"

    @property
    def succeeds(self) -> bool:
        """Whether the delivery is made."""
        return self.status is not None and 200 <= self.status <= 299

    @property
    def waits(self) -> bool:
        """Whether only the deadline ends it."""
        return self in SLOW or self.error is TIMEOUT

    @property
    def timeout(self) -> int:
        """Seconds until the deadline: where it has to come in any case it comes soon, else a slow machine has time."""
        if self.error is TIMEOUT:
            return 1
        return 10 if self.waits else 60


SLOW = [
    Hostile("never-answers", never_answers, error=TIMEOUT),
    Hostile("drips-its-status-line", drips(b"HTTP/1.1 200 O", b"K"), error=TIMEOUT),
    Hostile("drips-a-header", drips(OK + b"X: ", b"x"), error=TIMEOUT),
    Hostile("drips-headers", drips(OK, b"X: x\r\n"), error=TIMEOUT),
    Hostile("drips-interim-answers", drips(b"", b"HTTP/1.1 103 Hints\r\n\r\n", pause=0.3), error=TIMEOUT),
    Hostile("drips-a-body", drips(OK + b"Content-Length: 9999\r\n\r\n", b"x"), 200, note="body_truncated"),
    Hostile("drips-chunks", drips(CHUNKED % 500, b"1\r\nx\r\n"), 500, note="body_truncated"),
    Hostile("drips-trailers", drips(CHUNKED % 200 + b"0\r\n", b"X: x\r\n", pause=0.3), 200, note="body_truncated"),
]

ENDLESS = [
    Hostile("interim-answers", floods(b"", repeated(b"HTTP/1.1 100 Continue\r\n\r\n")), error=PROTOCOL),
    Hostile("interim-answers-bare-lf", floods(b"", repeated(b"HTTP/1.1 103 x\n\n")), error=PROTOCOL),
    Hostile("blank-lines", floods(b"", repeated(b"\r\n")), error=PROTOCOL),
    Hostile("a-header", floods(OK + b"X: ", repeated(b"x")), error=PROTOCOL),
    Hostile("a-header-name", floods(OK, repeated(b"x")), error=PROTOCOL),
    Hostile("a-reason", floods(b"HTTP/1.1 200 ", repeated(b"x")), error=PROTOCOL),
    Hostile("headers", floods(OK, numbered_headers()), error=PROTOCOL),
    Hostile("a-body", floods(b"HTTP/1.1 500 X\r\nContent-Length: 99999999999\r\n\r\n", repeated(b"x")), 500,
            note="body_cut"),
    Hostile("a-body-until-its-end", floods(b"HTTP/1.1 200 OK\r\n\r\n", repeated(b"x")), 200, note="body_cut"),
    Hostile("chunks", floods(CHUNKED % 200, b"4000\r\n" + b"x" * 0x4000 + b"\r\n"), 200, note="body_cut"),
    Hostile("chunks-of-one-byte", floods(CHUNKED % 500, repeated(b"1\r\nx\r\n")), 500, note="body_cut"),
    Hostile("a-chunk-extension", floods(CHUNKED % 200 + b"1;", repeated(b"x")), 200, note="body_truncated"),
    Hostile("a-chunk-size", floods(CHUNKED % 200, repeated(b"0")), 200, note="body_truncated"),
    Hostile("trailers", floods(CHUNKED % 500 + b"1\r\nx\r\n0\r\n", numbered_headers()), 500, note="body_truncated"),
]  # fmt: skip

TOO_MUCH = [
    Hostile("128-headers", floods(OK, [*numbered_headers(127), b"Content-Length: 0\r\n\r\n"]), 200),
    Hostile("129-headers", floods(OK, [*numbered_headers(128), b"Content-Length: 0\r\n\r\n"]), error=PROTOCOL),
    Hostile("5000-headers", floods(OK, [*numbered_headers(5000), b"\r\n"]), error=PROTOCOL),
    Hostile("8000-bytes-of-a-header", writes(OK + b"X: " + b"x" * 8000 + b"\r\nContent-Length: 0\r\n\r\n"), 200),
    Hostile("9000-bytes-of-a-header", writes(OK + b"X: " + b"x" * 9000 + b"\r\n\r\n"), error=PROTOCOL),
    Hostile("1-mb-of-reason", writes(b"HTTP/1.1 200 " + b"x" * 1_000_000 + b"\r\n\r\n"), error=PROTOCOL),
    Hostile("15-interim-answers", writes(b"HTTP/1.1 103 x\r\n\r\n" * 15 + OK + b"Content-Length: 0\r\n\r\n"), 200),
    Hostile("16-interim-answers", writes(b"HTTP/1.1 103 x\r\n\r\n" * 16 + OK + b"\r\n"), error=PROTOCOL),
    Hostile("a-bomb", bomb(500), 500, note="body_cut"),
    Hostile("a-bomb-that-succeeds", bomb(200), 200, note="body_cut"),
]

NOT_HTTP = [
    Hostile(name, writes(data), error=PROTOCOL)
    for name, data in {
        "ssh": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "random": bytes(range(256)) * 4,
        "tls-in-tls": b"\x16\x03\x01\x00\x05hello" * 10,
        "http-0.9": b"<html><body>hello</body></html>\r\n\r\n",
        "http-2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18) + b"\r\n\r\n",
        "http-2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "a-request": b"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
        "chunked-and-a-length": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "two-lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nab",
        "a-negative-length": OK + b"Content-Length: -1\r\n\r\nab",
        "a-length-in-words": OK + b"Content-Length: two\r\n\r\nab",
        "a-length-beyond-64-bits": OK + b"Content-Length: 99999999999999999999999\r\n\r\nab",
        "nul-in-a-header": OK + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
        "nul-in-a-header-name": OK + b"X\x00: a\r\nContent-Length: 0\r\n\r\n",
        "status-99": b"HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n",
        "status-1000": b"HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n",
        "status-in-words": b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
        "status-negative": b"HTTP/1.1 -200 OK\r\nContent-Length: 0\r\n\r\n",
    }.items()
]

STRANGE = [
    Hostile("redirects", writes(b"HTTP/1.1 302 X\r\nLocation: http://169.254.169.254/\r\n\r\n"), 302),
    Hostile("status-101", writes(b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x00\x01"), 101),
    Hostile("status-304-with-a-body", writes(b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\nhello"), 304),
    Hostile("status-999", writes(b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"), 999),
    Hostile("204-with-a-body", writes(b"HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\nhello"), 204),
    Hostile("204-with-a-body-later", writes_then(b"HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n", b"hello"), 204),
    Hostile("204-with-chunks", writes(CHUNKED % 204 + b"5\r\nhello\r\n0\r\n\r\n"), 204),
    Hostile("two-answers", writes((OK + b"Content-Length: 2\r\n\r\nok") * 2), 200),
    Hostile("answer-and-garbage", writes(OK + b"Content-Length: 2\r\n\r\nok\x00\x01\x02garbage"), 200),
    Hostile("bad-chunks", writes(CHUNKED % 200 + b"zz\r\nhello"), 200, note="body_truncated"),
    Hostile("bad-chunks-of-an-error", writes(CHUNKED % 500 + b"zz\r\nhello"), 500, note="body_truncated"),
    Hostile("only-an-interim-answer", writes(b"HTTP/1.1 100 Continue\r\n\r\n"), error=CONNECT),
    Hostile("speaks-first", breaks_off(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", rst=False, reads=False), 500),
]  # fmt: skip

POINTS = {
    "at-once": (b"", None, None),
    "in-the-status-line": (b"HTTP/1.1 2", None, None),
    "after-the-status-line": (OK, None, None),
    "in-a-header": (OK + b"Content-Le", None, None),
    "before-the-body": (OK + b"Content-Length: 10\r\n\r\n", 200, "body_truncated"),
    "in-the-body": (OK + b"Content-Length: 10\r\n\r\nhello", 200, "body_truncated"),
    "in-the-body-of-an-error": (b"HTTP/1.1 503 X\r\nContent-Length: 10\r\n\r\nhello", 503, "body_truncated"),
    "in-a-chunk": (CHUNKED % 200 + b"5\r\nhel", 200, "body_truncated"),
    "before-the-last-chunk": (CHUNKED % 200 + b"5\r\nhello\r\n", 200, "body_truncated"),
    "after-the-answer": (OK + b"Content-Length: 5\r\n\r\nhello", 200, None),
}

BROKEN_OFF = [
    Hostile(f"{end}-{point}", breaks_off(sent, rst=end == "rst"), status, None if status else CONNECT, note)
    for point, (sent, status, note) in POINTS.items()
    for end in ("fin", "rst")
]

BAD_TLS = [
    *(Hostile(f"tls-{kind}", never_answers, error=TLS, tls=kind) for kind in BAD),
    Hostile("handshake-hangs", hangs_in_handshake, error=TIMEOUT, tls=None),
    Hostile("handshake-garbage", says_instead_of_hello(bytes(range(256))), error=TLS, tls=None),
    Hostile("handshake-in-clear", says_instead_of_hello(b"HTTP/1.1 400 Bad Request\r\n\r\n"), error=TLS, tls=None),
    Hostile("handshake-endless", says_instead_of_hello(b"\x16\x03\x03\x40\x00" + bytes(70000)),
            error=TLS, tls=None),
    Hostile("handshake-closed", says_instead_of_hello(b""), error=CONNECT, tls=None),
    Hostile("handshake-reset", says_instead_of_hello(b"", rst=True), error=CONNECT, tls=None),
]  # fmt: skip

RECEIVERS = [*SLOW, *ENDLESS, *TOO_MUCH, *NOT_HTTP, *STRANGE, *BROKEN_OFF, *BAD_TLS]
