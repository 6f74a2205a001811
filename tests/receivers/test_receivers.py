"""The receivers that docs/receiving.md shows: they take what is ours, once, and nothing else."""

import asyncio
import base64
import hashlib
import hmac
import io
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import aiohttp
import pytest

from dispatcher.core import envelope
from dispatcher.core.signing import TOLERANCE_SECONDS, VerificationError, verify
from tests.receivers.conftest import KEY
from tests.receivers.programs import LANGUAGES, PAGE, Running, build, run
from tests.unit.examples import delivery

OTHER_KEY = "whsec_" + base64.b64encode(b"another key of 32 bytes, at least").decode()
BODY = '{"type" : "payment_transaction.created", "data" : {"note" : "ação 🦷"}}'
ID = delivery().event_id
SIGNATURE = "webhook-signature"

Headers = dict[str, str]


def headers(keys: tuple[str, ...] = (KEY,), body: str = BODY, age: int = 0) -> Headers:
    """What a dispatcher sends with a body, signed so many seconds ago."""
    made = envelope.build(delivery(body=body), keys, {"x-own": "1"}, int(time.time()) - age, "outbound-webhooks/1")
    return dict(made.headers)


async def post(running: Running, sent: Mapping[str, str], body: bytes = BODY.encode()) -> int:
    """POST a body to a receiver; returns the status."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{running.port}/webhooks", headers=sent, data=io.BytesIO(body)) as answer,
    ):
        return answer.status


async def test_it_takes_what_is_ours(running: Running) -> None:
    """The exact bytes, by their webhook-id."""
    assert await post(running, headers()) == 204
    assert running.kept() == {ID: BODY.encode()}


async def test_each_one_once(running: Running) -> None:
    """Again, and many at the same time: all are answered, and one is kept."""
    statuses = await asyncio.gather(*(post(running, headers(age=n % 3)) for n in range(20)))

    assert set(statuses) == {204}
    assert running.kept() == {ID: BODY.encode()}


async def test_while_the_key_changes(running: Running) -> None:
    """Signatures by the old and the new key: it knows one of them."""
    for keys in ((KEY, OTHER_KEY), (OTHER_KEY, KEY)):
        assert await post(running, headers(keys)) == 204


async def test_other_signatures_beside_it(running: Running) -> None:
    """Versions that are not known yet, and what is no signature at all, are passed over."""
    sent = headers()
    sent[SIGNATURE] = f"v1a,AAAA v2,x v1, garbage , {sent[SIGNATURE]} v1,AAAA"

    assert await post(running, sent) == 204


async def test_the_largest_body(running: Running) -> None:
    """256 KB is the most that is ever sent."""
    body = '{"data" : "' + "ç" * 131_000 + '"}'

    assert await post(running, headers(body=body), body.encode()) == 204
    assert running.kept() == {ID: body.encode()}


async def test_too_large_a_body(running: Running) -> None:
    """2 MB are not taken, whatever is said about them; and no receiver is the worse for it."""
    body = "x" * 2_000_000

    try:
        assert await post(running, headers((OTHER_KEY,), body=body), body.encode()) in {400, 401, 413}
    except aiohttp.ClientError:  # it may hang up before it has read all
        pass
    assert running.kept() == {}
    assert await post(running, headers()) == 204


def without(sent: Headers, *names: str) -> Headers:
    """The same without some of them."""
    return {name: value for name, value in sent.items() if name not in names}


def by_the_keys_text(sent: Headers) -> Headers:
    """Signed by who takes the whole text of the key for its bytes."""
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.{BODY}".encode()
    signature = base64.b64encode(hmac.digest(KEY.encode(), signed, hashlib.sha256)).decode()
    return {**sent, SIGNATURE: f"v1,{signature}"}


# What is wrong with the headers; each is refused.
WRONG: dict[str, Callable[[Headers], Headers]] = {
    "another key": lambda _: headers((OTHER_KEY,)),
    "too old": lambda _: headers(age=TOLERANCE_SECONDS + 60),
    "from the future": lambda _: headers(age=-TOLERANCE_SECONDS - 60),
    "another id": lambda sent: {**sent, "webhook-id": f"{ID[:-1]}f"},
    "another time": lambda sent: {**sent, "webhook-timestamp": str(int(sent["webhook-timestamp"]) + 1)},
    "the time in the id": lambda sent: {
        **sent, "webhook-id": f"{ID}.{sent['webhook-timestamp']}", "webhook-timestamp": "",
    },
    "no signature": lambda sent: without(sent, SIGNATURE),
    "no time": lambda sent: without(sent, "webhook-timestamp"),
    "no id": lambda sent: without(sent, "webhook-id"),
    "nothing of it": lambda _: {},
    "an empty signature": lambda sent: {**sent, SIGNATURE: ""},
    "without its version": lambda sent: {**sent, SIGNATURE: sent[SIGNATURE][3:]},
    "of another version": lambda sent: {**sent, SIGNATURE: f"v2{sent[SIGNATURE][2:]}"},
    "half of it": lambda sent: {**sent, SIGNATURE: sent[SIGNATURE][:-8]},
    "in hexadecimal": lambda sent: {**sent, SIGNATURE: f"v1,{base64.b64decode(sent[SIGNATURE][3:]).hex()}"},
    "the key's text for its bytes": by_the_keys_text,
    "a time that is no number": lambda sent: {**sent, "webhook-timestamp": "now"},
    "a time with a fraction": lambda sent: {**sent, "webhook-timestamp": f"{sent['webhook-timestamp']}.5"},
    "a time without end": lambda sent: {**sent, "webhook-timestamp": "9" * 5000},
    "a time in other digits": lambda sent: {**sent, "webhook-timestamp": "\uff11\uff17\uff17\uff12"},
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_not_ours(running: Running, wrong: str) -> None:
    """Refused with 401, and nothing is kept; the next good one is taken."""
    assert await post(running, WRONG[wrong](headers())) == 401
    assert running.kept() == {}
    assert await post(running, headers()) == 204


@pytest.mark.parametrize(
    "change",
    [lambda body: body.replace(" :", ":"), lambda body: body[:-1], lambda body: body + "\n", lambda _: ""],
    ids=["parsed and written again", "cut", "longer", "none"],
)
async def test_another_body(running: Running, change: Callable[[str], str]) -> None:
    """One that says the same is another one, too."""
    assert await post(running, headers(), change(BODY).encode()) == 401
    assert running.kept() == {}


@pytest.mark.parametrize("key", ["", "whsec_", "whsec_c2hvcnQ=", "not base64!"])
async def test_it_does_not_run_without_a_key(
    language: str, key: str, built: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """With an empty key anybody could sign: it does not start; PHP, where nothing starts, answers 500."""
    if language == "PHP":
        with run(built(language), tmp_path, {"WEBHOOK_KEY": key}) as running:
            assert await post(running, headers()) == 500
            return
    with pytest.raises(AssertionError), run(built(language), tmp_path, {"WEBHOOK_KEY": key}):
        pass


def test_the_numbers_of_the_page() -> None:
    """The request that the page shows verifies with its key, at its time, and not with a digit changed."""
    text = PAGE.read_text()
    (key,) = set(re.findall(r"`(whsec_[A-Za-z0-9+/=]{30,})`", text))
    sent = dict(re.findall(r"^ {4}(webhook-[a-z]+): (.+)$", text, re.MULTILINE))
    (body,) = re.findall(r'^ {4}(\{"type" : .+)$', text, re.MULTILINE)
    now = int(sent["webhook-timestamp"]) + 5

    verify([key], sent, body.encode(), now)
    with pytest.raises(VerificationError):
        verify([key], sent, body.replace("4711", "4712").encode(), now)


def test_every_language_is_shown() -> None:
    """The page has a heading for each, and no program that is not run here."""
    text = PAGE.read_text()

    assert re.findall(r"^```([a-z]+)$", text, re.MULTILINE) == [each.fence for each in LANGUAGES.values()]
    assert re.findall(r"^### (.+)$", text, re.MULTILINE)[-4:] == list(LANGUAGES)


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Running]:
    """The Python receiver without its comparison."""
    command = build(LANGUAGES["Python"], tmp_path)
    file = Path(command[-1])
    text = file.read_text().replace("return any(", "return True or any(")
    assert text != file.read_text()
    file.write_text(text)
    with run(command, tmp_path, {"WEBHOOK_KEY": KEY}) as found:
        yield found


async def test_one_that_does_not_verify_is_found(broken: Running) -> None:
    """The tests above can fail: it takes anything."""
    assert await post(broken, headers((OTHER_KEY,))) == 204
