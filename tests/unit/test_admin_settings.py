"""dispatcher.admin_settings: what cannot be is refused at start, with its reason, and a key is not repeated."""

import base64

import pytest

from tests.support.tokens import AUDIENCE, ISSUER, SHARED
from tests.unit.environment import Environment

ENCODED = base64.b64encode(SHARED).decode()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"jwt_keys": f"h:HS256:{ENCODED}"}, "JWT_ISSUER and OUTBOUND_WEBHOOKS_JWT_AUDIENCE"),
        ({"jwt_keys": "h:HS256:planted", "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}, "is not base64"),
        (
            {"jwt_keys": "h:none:planted", "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE},
            "is written kid:algorithm:key",
        ),
        ({"jwt_keys": "r:RS256:/nowhere/a.pem", "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}, "cannot be read"),
        ({"admin_public_url": "http://webhooks.example"}, "must be https://"),
        ({"admin_public_url": "https://webhooks.example/path"}, "must be https://"),
        ({"admin_public_url": "https://user:planted@webhooks.example"}, "must be https://"),
        ({"membership": "table"}, "MEMBERSHIP"),
        ({"portal_code_seconds": "3600"}, "PORTAL_CODE_SECONDS"),
        ({"admin_trusted_proxies": "10.0.0.1/8"}, "ADMIN_TRUSTED_PROXIES"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_settings_that_cannot_be(environment: Environment, changes: dict[str, str], says: str) -> None:
    """Each is named, with what is wrong."""
    (problem,) = environment.problems(**changes)

    assert says in problem
    assert "planted" not in problem


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Webhooks.Example/", "https://webhooks.example"),
        ("https://webhooks.example:8443", "https://webhooks.example:8443"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("http://localhost:9463", "http://localhost:9463"),
        ("http://127.0.0.1:9463/", "http://127.0.0.1:9463"),
    ],
)
def test_the_public_url(environment: Environment, text: str, origin: str) -> None:
    """It is written as browsers write an origin."""
    assert environment.load(admin_public_url=text).admin_public_url == origin
