"""Headers that an endpoint may not have, each with the code that says why: the same table for every way in.

SQL and `core.headers` are held to it by tests/sql/test_headers.py and tests/unit/test_headers.py.
"""

# What the messages must not repeat; in the values of all but those that are too small for it.
CANARY = "canary-4d9f02b7"

BAD_HEADERS: list[tuple[str, str, str]] = [
    # Names that are none. What is no name may be the value, in the wrong place.
    ("", CANARY, "header_name"),
    ("x a", CANARY, "header_name"),
    (" x-a", CANARY, "header_name"),
    ("x-a ", CANARY, "header_name"),
    ("x-a:", CANARY, "header_name"),
    (":authority", CANARY, "header_name"),
    ("x-a\tb", CANARY, "header_name"),
    ("x-a\r\nx-b", CANARY, "header_name"),
    ("x-a\n", CANARY, "header_name"),
    ("x-é", CANARY, "header_name"),
    ("x-\u212a", CANARY, "header_name"),  # KELVIN SIGN, whose lower case is k
    ("ho\u017ft", CANARY, "header_name"),  # LATIN SMALL LETTER LONG S, whose upper case is S
    ("x\uff0da", CANARY, "header_name"),
    ("(x-a)", CANARY, "header_name"),
    ('"x-a"', CANARY, "header_name"),
    ("x/a", CANARY, "header_name"),
    ("x@a", CANARY, "header_name"),
    ("x\x7fa", CANARY, "header_name"),
    (f"Bearer {CANARY}", "authorization", "header_name"),
    ("x" * 257, CANARY, "header_size"),
    # About the connection.
    ("transfer-encoding", "chunked", "header_forbidden"),
    ("Transfer-Encoding", CANARY, "header_forbidden"),
    ("TRANSFER_ENCODING", CANARY, "header_forbidden"),
    ("connection", CANARY, "header_forbidden"),
    ("keep-alive", CANARY, "header_forbidden"),
    ("proxy-authorization", CANARY, "header_forbidden"),
    ("proxy-connection", CANARY, "header_forbidden"),
    ("te", CANARY, "header_forbidden"),
    ("trailer", CANARY, "header_forbidden"),
    ("upgrade", "h2c", "header_forbidden"),
    ("http2-settings", CANARY, "header_forbidden"),
    ("expect", "100-continue", "header_forbidden"),
    # About the body, and what we set.
    ("content-length", "1", "header_reserved"),
    ("content_length", "1", "header_reserved"),
    ("Content-Type", CANARY, "header_reserved"),
    ("content-encoding", "gzip", "header_forbidden"),
    ("content-disposition", CANARY, "header_forbidden"),
    ("content-", CANARY, "header_forbidden"),
    ("host", CANARY, "header_reserved"),
    ("Host", CANARY, "header_reserved"),
    ("user-agent", CANARY, "header_reserved"),
    ("accept", CANARY, "header_reserved"),
    ("accept-encoding", "br", "header_reserved"),
    ("webhook-signature", f"v1,{CANARY}", "header_reserved"),
    ("Webhook-Id", CANARY, "header_reserved"),
    ("webhook-timestamp", "0", "header_reserved"),
    ("webhook_id", CANARY, "header_reserved"),
    ("webhook-anything", CANARY, "header_reserved"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "header_reserved"),
    ("TraceParent", CANARY, "header_reserved"),
    ("tracestate", "vendor=1", "header_reserved"),
    # Sessions, origins, clouds, conditions, time.
    ("cookie", CANARY, "header_forbidden"),
    ("cookie2", CANARY, "header_forbidden"),
    ("set-cookie", CANARY, "header_forbidden"),
    ("forwarded", CANARY, "header_forbidden"),
    ("x-forwarded-for", "127.0.0.1", "header_forbidden"),
    ("x_forwarded_for", "127.0.0.1", "header_forbidden"),
    ("x-forwarded-anything", CANARY, "header_forbidden"),
    ("x-real-ip", "127.0.0.1", "header_forbidden"),
    ("via", CANARY, "header_forbidden"),
    ("proxy", CANARY, "header_forbidden"),
    ("x-original-url", "/admin", "header_forbidden"),
    ("x-rewrite-url", "/admin", "header_forbidden"),
    ("x-http-method-override", "DELETE", "header_forbidden"),
    ("metadata-flavor", "Google", "header_forbidden"),
    ("metadata", "true", "header_forbidden"),
    ("x-aws-ec2-metadata-token", CANARY, "header_forbidden"),
    ("if-none-match", "*", "header_forbidden"),
    ("range", "bytes=0-0", "header_forbidden"),
    ("date", CANARY, "header_forbidden"),
    # Values that are none.
    ("x-a", "", "header_value"),
    ("x-a", " ", "header_value"),
    ("x-a", f" {CANARY}", "header_value"),
    ("x-a", f"{CANARY}\t", "header_value"),
    ("x-a", f"{CANARY}\r\nx-b: c", "header_value"),
    ("x-a", f"{CANARY}\n", "header_value"),
    ("x-a", f"{CANARY}\rb", "header_value"),
    ("x-a", f"{CANARY}\x01b", "header_value"),
    ("x-a", f"{CANARY}\x7fb", "header_value"),
    ("x-a", f"{CANARY}-é", "header_value"),
    ("x-a", f"{CANARY}\u2028b", "header_value"),
    ("x-a", f"{CANARY}\x85b", "header_value"),
    ("x-a", CANARY + "a" * 4096, "header_size"),
    ("x-a", CANARY + "a" * 100_000, "header_size"),
    # Authorization that cannot be right.
    ("authorization", CANARY, "header_value"),
    ("authorization", f"Bearer  {CANARY}", "header_value"),
    ("authorization", f"Bearer {CANARY} again", "header_value"),
    ("authorization", f"Bearer ={CANARY}", "header_value"),
    ("authorization", "Bearer", "header_value"),
    ("Authorization", f"bearer {CANARY}!", "header_value"),
    ("authorization", f"Basic user:{CANARY}", "header_value"),
    ("authorization", "Basic dXNlcg==", "header_value"),  # user, without a colon
    ("authorization", "Basic dXNlcjpwYXNz=", "header_value"),  # padded where it need not be
    ("authorization", "BASIC dXNlcjpwYXN", "header_value"),  # not padded where it has to be
    ("authorization", f"Ba(sic) {CANARY}", "header_value"),
]

# No text of PostgreSQL holds a NUL, and none of JSON in it.
WITH_NUL: list[tuple[str, str, str]] = [
    ("x-a\0b", CANARY, "header_name"),
    ("x-a", f"{CANARY}\0b", "header_value"),
]

# All good one by one, but not together.
BAD_SETS: list[tuple[dict[str, str], str]] = [
    ({f"x-{n}": CANARY for n in range(21)}, "header_count"),
    ({f"x-{n}": CANARY for n in range(200)}, "header_count"),
    ({"X-A": CANARY, "x-a": CANARY}, "header_name"),
    ({f"x-{n}": CANARY + "a" * 4000 for n in range(5)}, "header_size"),
]

GOOD_HEADERS: list[tuple[str, str]] = [
    ("x-api-key", "a"),
    ("X-Api-Key", "two words\tand a tab"),
    ("x_api_key", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    ("!#$%&'*+.^_`|~0", "a"),
    ("x" * 256, "a"),
    ("x-a", "a" * 4096),
    ("x-webhook-id", "a"),
    ("contents", "a"),
    ("iffy", "a"),
    ("te-st", "a"),
    ("proxied", "a"),
    ("idempotency-level", "a"),
    ("tracing", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("authorization", "Bearer mF_9.B5f-4.1JqM"),
    ("Authorization", "bearer abc+/~=="),
    ("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    ("authorization", "Basic dGVzdDoxMjPCow=="),
    ("authorization", "ApiKey a secret, with=anything"),
    ("authorization", 'Digest username="Mufasa"'),
]
