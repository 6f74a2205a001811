"""A master key is replaced: under load without a delivery that waits, and on the command line."""

import asyncio
import base64
from contextlib import AsyncExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from dispatcher.core.sealing import SIGNING_KEY, parse_keyring, seal
from dispatcher.db import connect
from dispatcher.demo.receiver import Receiver
from dispatcher.pipeline import resealing
from dispatcher.telemetry.observations import AttemptFinished, DeliveryReleased, SecretsSealed
from tests.conftest import StartDispatcher
from tests.integration.test_rotation import ENOUGH, writing
from tests.support.cli import cli, refused
from tests.support.host import Host

OLD = "old:" + base64.b64encode(bytes(range(32))).decode()
NEW = "new:" + base64.b64encode(bytes(range(32, 64))).decode()
SETTING = "OUTBOUND_WEBHOOKS_MASTER_KEYS"


def sealed_by(host: Host) -> list[str]:
    """The master keys of all keys, oldest first; an empty text for one in clear."""
    rows = host.rows("select split_part(sealed, '.', 2) as key from outbound_webhooks.endpoint_secrets order by id")
    return [str(row["key"] or "") for row in rows]


def seal_all(host: Host, master_key: str) -> None:
    """Seal every key that stands in clear, as the leader does."""
    for row in host.rows("select * from outbound_webhooks.unsealed_values()"):
        text = seal(
            parse_keyring(master_key), SIGNING_KEY, str(row["clinic_id"]), int(str(row["endpoint_id"])),
            str(row["value"]), bytes(12),
        )  # fmt: skip
        host.rows(
            "select outbound_webhooks.replace_value(%s, %s, %s, %s)", row["kind"], row["id"], row["version"], text
        )


async def test_under_load(host: Host, receiver: Receiver, dispatcher: StartDispatcher, env: dict[str, str]) -> None:
    """Step by step as docs/secrets.md has it, while payments are written: all is sent, and signed, at the first try."""
    for number in range(3):
        receiver.keys[f"/{number}"] = [host.endpoint(f"{receiver.url}/{number}", max_in_flight=20).secret]

    async with writing(host.url) as load, AsyncExitStack() as to_the_end:
        async with AsyncExitStack() as until_rotated:
            async with dispatcher(master_keys=SecretStr(f"{OLD},{NEW}")) as first:
                await first.until(lambda: sum(sealed.count for sealed in first.of(SecretsSealed)) == 3)
                await load.go_on()
                before = sealed_by(host)
                second = await until_rotated.enter_async_context(dispatcher(master_keys=SecretStr(f"{NEW},{OLD}")))
            await load.go_on()
            rotated = await asyncio.to_thread(cli, "rotate-master-key", **{**env, SETTING: f"{NEW},{OLD}"})
            await load.go_on()
            third = await to_the_end.enter_async_context(dispatcher(master_keys=SecretStr(NEW)))
        seen = (first, second, third)
        written = int(str(host.value("select count(*) from payment_transactions")))
        await load.go_on()
        await receiver.wait_for_count(3 * (written + ENOUGH))
        await third.count(AttemptFinished)

    assert (before, sealed_by(host)) == (["old"] * 3, ["new"] * 3)
    assert "master key old seals nothing any more" in rotated.out
    assert [released for each in seen for released in each.of(DeliveryReleased)] == []
    assert {attempt.verdict.outcome for each in seen for attempt in each.of(AttemptFinished)} == {"succeeded"}
    assert all(each.of(AttemptFinished) for each in seen)
    assert all(request.verified for request in receiver.received)


def test_on_the_command_line(env: dict[str, str], host: Host) -> None:
    """A dry run counts by key; the rotation says how far it is, and which key may go then; again it does nothing."""
    for _ in range(3):
        host.endpoint("https://clinic.example/")
    seal_all(host, OLD)
    host.endpoint("https://clinic.example/")
    keys = {**env, SETTING: f"{NEW},{OLD}"}

    dry = cli("rotate-master-key", "--dry-run", **keys)
    before = sealed_by(host)
    done = cli("rotate-master-key", **keys)
    again = cli("rotate-master-key", **keys)
    alone = cli("doctor", **{**keys, SETTING: NEW})

    assert [line.split() for line in dry.out.splitlines()] == [
        ["master", "key", "seals", "in", "use", "configured"], ["new", "0", "0", "current"], ["old", "3", "3", "yes"],
    ]  # fmt: skip
    assert before == ["old", "old", "old", ""]
    assert (done.code, done.err) == (0, "outbound-webhooks: 3 of 3 sealed anew\n")
    assert done.out == (
        "master key old seals nothing any more: it may be removed once new is the first key of every dispatcher\n"
        "everything is sealed with master key new\n"
    )
    assert sealed_by(host) == ["new", "new", "new", ""]
    assert (again.code, again.out, again.err) == (0, done.out, "")
    assert "keys-unopened" not in alone.out


def test_a_master_key_that_is_missing(env: dict[str, str], host: Host) -> None:
    """What is in use has to open: nothing is changed before it does. What is not in use is left as it is."""
    for _ in range(2):
        host.endpoint("https://clinic.example/")
    seal_all(host, OLD)
    host.rows("update outbound_webhooks.endpoint_secrets set sealed = 'v1.lost.AAAA' where id = 2")
    before = sealed_by(host)
    keys = {**env, SETTING: f"{NEW},{OLD}"}

    missing = cli("rotate-master-key", **keys)
    unchanged = sealed_by(host)
    host.rows("select outbound_webhooks.rotate_secret(2, interval '0')")
    replaced = cli("rotate-master-key", **keys)

    assert refused(missing, "master key lost is not configured, and seals 1", f"put it behind the others in {SETTING}")
    assert unchanged == before == ["old", "lost"]
    assert (replaced.code, sealed_by(host)) == (0, ["new", "lost", ""])
    assert "master key lost still seals 1, 0 of them in use" in replaced.out


def test_a_row_that_was_altered(env: dict[str, str], host: Host) -> None:
    """What does not open is named and left; the others are sealed anew; the exit code says that something is left."""
    for _ in range(2):
        host.endpoint("https://clinic.example/")
    seal_all(host, OLD)
    host.rows("update outbound_webhooks.endpoint_secrets set sealed = 'v1.old.AAAA' where id = 1")

    done = cli("rotate-master-key", **{**env, SETTING: f"{NEW},{OLD}"})

    assert done.code == 1
    assert "signing-key 1 of endpoint 1 does not open, and stays as it is" in done.out
    assert "master key old still seals 1, 1 of them in use" in done.out
    assert sealed_by(host) == ["old", "new"]


async def test_broken_off(env: dict[str, str], host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off between two batches, or in one, what was sealed anew stays so; the next call does the rest."""
    for _ in range(5):
        host.endpoint("https://clinic.example/")
    seal_all(host, OLD)
    monkeypatch.setattr(resealing, "BATCH", 2)

    def break_off(*_: int) -> None:
        raise KeyboardInterrupt

    async with await connect(host.url, "rotate-master-key") as connection:
        with pytest.raises(KeyboardInterrupt):
            await resealing.reseal(connection, parse_keyring(f"{NEW},{OLD}"), break_off)
    broken_off = sealed_by(host)
    done = await asyncio.to_thread(cli, "rotate-master-key", **{**env, SETTING: f"{NEW},{OLD}"})

    assert broken_off == ["new", "new", "old", "old", "old"]
    assert (done.err, sealed_by(host)) == ("outbound-webhooks: 3 of 3 sealed anew\n", ["new"] * 5)


async def test_a_row_that_moves(host: Host) -> None:
    """A key is rotated between reading and sealing: it is read again, and sealed anew in the same call."""
    host.endpoint("https://clinic.example/")
    seal_all(host, OLD)
    told: list[tuple[int, int]] = []
    replace = resealing._replace

    async def rotate_first(*arguments: Any) -> bool:
        if not told:
            host.rows("select outbound_webhooks.rotate_secret(1)")
        return await replace(*arguments)

    async with await connect(host.url, "rotate-master-key") as connection:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(resealing, "_replace", rotate_first)
            unopened = await resealing.reseal(connection, parse_keyring(f"{NEW},{OLD}"), lambda *n: told.append(n))

    assert (unopened, told) == ([], [(0, 1), (1, 0)])
    assert sealed_by(host) == ["new", ""]


def test_no_master_key(env: dict[str, str]) -> None:
    """Without one there is nothing to seal with."""
    done = cli("rotate-master-key", **{**env, SETTING: ""})

    assert refused(done, f"{SETTING}: not set", "outbound-webhooks generate-master-key")
