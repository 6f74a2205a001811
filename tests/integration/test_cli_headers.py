"""headers set, list, authorize, and create-endpoint --headers, on the command line."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.bad_headers import CANARY
from tests.support.cli import Finished, cli, refused
from tests.support.host import Host
from tests.support.process import ROOT, clean_environment

CREATE = ("create-endpoint", "clinic-1", "https://clinic.example/webhooks")


@pytest.fixture
def endpoint_id(host: Host) -> str:
    """The id of an endpoint."""
    return str(host.endpoint("https://clinic.example/webhooks").id)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a value may be read from."""
    return tmp_path / "value"


def fed(text: str, *arguments: str, **env: str) -> Finished:
    """Run a command with this on its standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "dispatcher", *arguments],
        cwd=ROOT, env=clean_environment(**env), input=text.encode(), capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


def stored(host: Host) -> dict[object, object]:
    """The headers that stand in clear."""
    return {
        row["name"]: row["value"] for row in host.rows("select name, value from outbound_webhooks.endpoint_headers")
    }


def test_set_listed_and_removed(env: dict[str, str], host: Host, endpoint_id: str, file: Path) -> None:
    """From a file and from standard input; the list has the names, and no value."""
    file.write_text(json.dumps({"X-Api-Key": CANARY, "x-b": "2"}))

    from_file = cli("headers", "set", endpoint_id, "--file", str(file), **env)
    after = stored(host)
    host.rows("update outbound_webhooks.endpoint_headers set value = null, sealed = 'v1.k1.abcd' where name = 'x-b'")
    listed = cli("headers", "list", endpoint_id, **env)
    from_input = fed("{}", "headers", "set", endpoint_id, **env)

    assert from_file.out == f"endpoint {endpoint_id} has headers of its own: x-api-key, x-b\n"
    assert after == {"x-api-key": CANARY, "x-b": "2"}
    assert [re.split(r"  +", line)[::2] for line in listed.out.splitlines()] == [
        ["header", "sealed"], ["x-api-key", "not yet"], ["x-b", "with master key k1"],
    ]  # fmt: skip
    assert CANARY not in listed.out
    assert from_input.out == f"endpoint {endpoint_id} has headers of its own: none\n"
    assert stored(host) == {}


def test_authorized(env: dict[str, str], host: Host, endpoint_id: str, file: Path) -> None:
    """Password and token come from standard input or a file, with or without the end of a line."""
    file.write_text("mF_9.B5f-4.1JqM\n")

    basic = fed("open sesame\r\n", "headers", "authorize", endpoint_id, "basic", "--user", "Aladdin", **env)
    first = stored(host)
    bearer = cli("headers", "authorize", endpoint_id, "bearer", "--file", str(file), **env)

    assert (basic.out, basic.err) == (f"requests to endpoint {endpoint_id} have basic authorization\n", "")
    assert first == {"authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}
    assert bearer.out == f"requests to endpoint {endpoint_id} have bearer authorization\n"
    assert stored(host) == {"authorization": "Bearer mF_9.B5f-4.1JqM"}


def test_created_with_headers(env: dict[str, str], host: Host) -> None:
    """An endpoint has them from its first request on; with one that is refused it is not created."""
    created = fed('{"x-a": "1"}', *CREATE, "--headers", "-", **env)
    bad = fed(json.dumps({"host": CANARY}), *CREATE, "--headers", "-", **env)

    assert created.code == 0
    assert stored(host) == {"x-a": "1"}
    assert refused(bad, "the header host cannot be set: every request has one of its own (header_reserved)")
    assert CANARY not in bad.err
    assert host.value("select count(*) from outbound_webhooks.endpoints") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{{"x-a": {CANARY}}}', "the headers are not JSON (line 1)"),
        ("[" * 100_000, "the headers are not JSON"),
        (f'["{CANARY}"]', "headers are a JSON object of names and texts"),
        (f'{{"x-a": {{"{CANARY}": "a"}}}}', "headers are a JSON object of names and texts"),
        ('{"x-a": 7}', "headers are a JSON object of names and texts"),
        (f'{{"x-a": "{CANARY}", "x-a": "b"}}', "the header x-a is named twice (header_name)"),
        (f'{{"x-a": "{CANARY}\\u0000"}}', "the value of the header x-a is printable ASCII"),
        (f'{{"x-a": "{CANARY}\\ud800"}}', "the value of the header x-a is printable ASCII"),
        (f'{{"{CANARY} ": "x-a"}}', "the name of a header has letters, digits and"),
    ],
)
def test_what_is_refused(env: dict[str, str], host: Host, endpoint_id: str, text: str, said: str) -> None:
    """It is said what is wrong, and nothing of what was read is repeated; nothing is changed."""
    done = fed(text, "headers", "set", endpoint_id, **env)

    assert refused(done, said)
    assert CANARY not in done.err
    assert stored(host) == {}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("set", "4711"), "there is no endpoint 4711"),
        (("list", "4711"), "there is no endpoint 4711, or it has no headers of its own"),
        (("authorize", "4711", "bearer"), "there is no endpoint 4711"),
        (("authorize", "1", "basic", "--user", "a:b"), "a user holds no colon and no control character"),
        (("authorize", "1", "bearer", "--user", "a"), "a bearer token has no user"),
        (("set", "1", "--file", "/nowhere/at/all"), "/nowhere/at/all cannot be read: No such file or directory"),
    ],
)
def test_refused(env: dict[str, str], host: Host, endpoint_id: str, arguments: tuple[str, ...], text: str) -> None:
    """What cannot be done is said, without the secret."""
    done = fed("{}" if arguments[0] == "set" else CANARY, "headers", *arguments, **env)

    assert refused(done, text)
    assert CANARY not in done.err
    assert stored(host) == {}


def test_bytes_that_are_no_text(env: dict[str, str], host: Host, endpoint_id: str, file: Path) -> None:
    """A file that is not UTF-8 is refused, not guessed at."""
    file.write_bytes(b"caf\xe9")

    done = cli("headers", "authorize", endpoint_id, "basic", "--user", "a", "--file", str(file), **env)

    assert refused(done, f"{file} is not UTF-8")
    assert stored(host) == {}
