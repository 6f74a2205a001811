"""Bodies that are refused: each with 4xx, none with 500, none half understood."""

import gzip
import json

import pytest

from tests.admin.client import API, Api

KEYS = f"{API}/api-keys"
JSON = {"Content-Type": "application/json"}


def nested(depth: int) -> bytes:
    """A list in a list in a list."""
    return b'{"role": ' + b"[" * depth + b"]" * depth + b"}"


# What is sent, and the code of the answer: the inputs 20 to 22 of the research, and their relatives.
BAD = {
    "a name twice": (b'{"role": "manager", "role": "owner"}', "invalid_json"),
    "a name twice, inside": (b'{"role": "owner", "x": {"a": 1, "a": 2}}', "invalid_json"),
    "a name twice, once escaped": (b'{"role": "manager", "r\\u006fle": "owner"}', "invalid_json"),
    "NUL": (b'{"role": "owner", "description": "a\\u0000b"}', "invalid_json"),
    "NUL in a name": (b'{"ro\\u0000le": "owner"}', "invalid_json"),
    "a raw NUL": (b'{"role": "owner", "description": "a\0b"}', "invalid_json"),
    "half a surrogate pair": (b'{"role": "owner", "description": "\\ud800"}', "invalid_json"),
    "half a surrogate pair in a name": (b'{"\\udfff": 1}', "invalid_json"),
    "NaN": (b'{"role": "owner", "expires_in_days": NaN}', "invalid_json"),
    "Infinity": (b'{"role": "owner", "expires_in_days": -Infinity}', "invalid_json"),
    "1e400": (b'{"role": "owner", "expires_in_days": 1e400}', "invalid_json"),
    "2 to the 63rd": (b'{"role": "owner", "expires_in_days": 9223372036854775808}', "invalid_json"),
    "5,000 digits": (b'{"role": "owner", "expires_in_days": ' + b"9" * 5000 + b"}", "invalid_json"),
    "33 deep": (nested(33), "invalid_json"),
    "30,000 deep": (nested(30_000), "invalid_json"),
    "30,000 open": (b"[" * 30_000, "invalid_json"),
    "deep in a broken text": (b'{"a": "' + b"[" * 10_000, "invalid_json"),
    "no object": (b'["owner"]', "invalid_json"),
    "null": (b"null", "invalid_json"),
    "nothing": (b"", "invalid_json"),
    "two": (b'{"role": "owner"} {}', "invalid_json"),
    "a comment": (b'{"role": "owner"} // x', "invalid_json"),
    "single quotes": (b"{'role': 'owner'}", "invalid_json"),
    "a byte order mark": (b'\xef\xbb\xbf{"role": "owner"}', "invalid_json"),
    "UTF-16": ('{"role": "owner"}'.encode("utf-16"), "invalid_json"),
    "Latin-1": ('{"role": "owner", "description": "ação"}'.encode("latin-1"), "invalid_json"),
    "overlong UTF-8": (b'{"role": "owner", "description": "\xc0\x80"}', "invalid_json"),
    "a surrogate in UTF-8": (b'{"role": "owner", "description": "\xed\xa0\x80"}', "invalid_json"),
    "65,537 bytes": (b'{"role": "owner", "x": "' + b"x" * 65_511 + b'"}', "body_too_large"),
    "2 MB": (b'{"role": "' + b"x" * 2_000_000 + b'"}', "body_too_large"),
}
STATUS = {"invalid_json": 400, "body_too_large": 413, "unsupported_media_type": 415, "invalid_body": 422}


@pytest.mark.parametrize("name", BAD, ids=str)
async def test_bad_bodies(api: Api, name: str) -> None:
    """Refused, and nothing was made."""
    body, code = BAD[name]
    key = api.make_key("owner", "a")

    answer = await api.ask("POST", KEYS, key=key, body=body, headers=JSON)

    assert answer.refusal == (STATUS[code], code)
    assert api.value("select count(*) from outbound_webhooks.api_keys") == 1


GOOD = json.dumps({"role": "owner"}).encode()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/plain"}, GOOD),
        ({"Content-Type": "application/x-www-form-urlencoded"}, GOOD),
        ({"Content-Type": "multipart/form-data; boundary=x"}, GOOD),
        ({"Content-Type": "application/json; charset=utf-16"}, GOOD.decode().encode("utf-16")),
        ({"Content-Type": "application/json; charset=latin-1"}, GOOD),
        ({"Content-Type": "application/problem+json"}, GOOD),
        ({"Content-Type": ""}, GOOD),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, gzip.compress(GOOD, mtime=0)),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, gzip.compress(b" " * 30_000_000, mtime=0)),
        ({"Content-Type": "application/json", "Content-Encoding": "identity"}, GOOD),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_other_media(api: Api, headers: dict[str, str], body: bytes) -> None:
    """Only JSON in UTF-8, as it is: what forms can send is not taken, and nothing is unpacked."""
    answer = await api.ask("POST", KEYS, key=api.make_key("owner", "a"), body=body, headers=headers)

    assert answer.refusal in {(415, "unsupported_media_type"), (413, "body_too_large"), (400, "bad_request")}
    assert api.value("select count(*) from outbound_webhooks.api_keys") == 1


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
async def test_good_bodies(api: Api, content_type: str) -> None:
    """JSON in UTF-8, with whatever people write in it."""
    body = json.dumps({"role": "owner", "description": 'ação 🦷 "x" [[[{{{'}, ensure_ascii=False).encode()

    answer = await api.ask(
        "POST", KEYS, key=api.make_key("owner", "a"), body=body, headers={"Content-Type": content_type}
    )

    assert answer.status == 201
    assert answer.json["description"] == 'ação 🦷 "x" [[[{{{'


async def test_an_escaped_pair_is_one_character(api: Api) -> None:
    """Two halves make a character: that is how ASCII writes it."""
    body = b'{"role": "owner", "description": "\\ud83e\\uddb7"}'

    answer = await api.ask("POST", KEYS, key=api.make_key("owner", "a"), body=body)

    assert answer.json["description"] == "🦷"


async def test_a_whole_number_with_a_point(api: Api) -> None:
    """30.0 is a whole number, as JSON Schema has it; 30.5 is none."""
    key = api.make_key("owner", "a")

    whole = await api.ask("POST", KEYS, key=key, body=b'{"role": "owner", "expires_in_days": 30.0}')
    none = await api.ask("POST", KEYS, key=key, body=b'{"role": "owner", "expires_in_days": 30.5}')

    assert whole.status == 201
    assert none.refusal == (422, "invalid_body")
