"""What a dispatcher with these settings would meet: its role, LISTEN, and what it has to unseal."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import AsyncConnection

from dispatcher.core.sealing import HEADER, SIGNING_KEY, Keyring, SealingError, master_key_of, purpose_of, unseal
from dispatcher.db import RightsMissing, RoleMissing, connect, error_text
from dispatcher.examination.findings import Finding
from dispatcher.pipeline.listen import hears, listening, ring

_SHOWN = 10  # endpoints named in one finding
# Of each kind of sealed value: a finding's code and subject, and what has to be made anew without its master key.
_KINDS = {
    SIGNING_KEY: ("keys-unopened", "signing keys", "give these endpoints new signing keys"),
    HEADER: ("headers-unopened", "headers", "set the headers of these endpoints again"),
}


async def look(url: str, listen_url: str, keyring: Keyring | None) -> list[Finding]:
    """Connect as a dispatcher does, and try.

    Args:
        keyring: the master keys; None if there are none to try.
    """
    try:
        async with await connect(url, "doctor") as connection:
            return [*await _listen(connection, listen_url), *await _keys(connection, keyring)]
    except (RightsMissing, RoleMissing) as error:
        finding, _, grant = str(error).rpartition(": ")
        return [Finding("warning", "login-rights", "login", f"no dispatcher can start with this URL: {finding}", grant)]


async def _listen(connection: AsyncConnection[Any], listen_url: str) -> list[Finding]:
    cursor = await connection.execute("select wake_up = 'poll' from outbound_webhooks.settings")
    if await cursor.fetchone() == (True,):
        return []
    try:
        async with listening(listen_url) as listener:
            await ring(connection)
            heard = await hears(listener)
        reason = "nothing is heard: does its URL lead through a transaction pooler?"
    except (psycopg.Error, OSError, TimeoutError) as error:
        heard, reason = False, error_text(error)
    if heard:
        return []
    return [
        Finding(
            "warning",
            "listen-silent",
            "doorbell",
            f"LISTEN does not work, and a dispatcher looks ten times a second instead: {reason}",
            "set OUTBOUND_WEBHOOKS_LISTEN_DATABASE_URL to a direct connection;"
            " or, to poll by choice: update outbound_webhooks.settings set wake_up = 'poll'",
        )
    ]


async def _keys(connection: AsyncConnection[Any], keyring: Keyring | None) -> list[Finding]:
    if keyring is None:
        return [
            Finding(
                "note",
                "keys-untried",
                "signing keys",
                "whether they and headers can be opened was not tried: OUTBOUND_WEBHOOKS_MASTER_KEYS is not set here",
                "call the doctor with the environment of a dispatcher",
            )
        ]
    cursor = await connection.execute(
        "select kind, name, clinic_id, endpoint_id, sealed from outbound_webhooks.sealed_values()"
    )
    sealed_values = await cursor.fetchall()
    return [*_unopened(keyring, sealed_values), *_sealed_before(keyring, [value[-1] for value in sealed_values])]


def _unopened(keyring: Keyring, sealed_values: list[tuple[str, str | None, str, int, str]]) -> Iterator[Finding]:
    endpoints: dict[tuple[str, str], set[int]] = defaultdict(set)
    for kind, name, clinic_id, endpoint_id, sealed in sealed_values:
        try:
            unseal(keyring, purpose_of(kind, name), clinic_id, endpoint_id, sealed)
        except SealingError as error:
            endpoints[kind, str(error)].add(endpoint_id)
    for (kind, reason), ids in endpoints.items():
        code, subject, remedy = _KINDS[kind]
        shown = ", ".join(map(str, sorted(ids)[:_SHOWN])) + (", ..." if len(ids) > _SHOWN else "")
        yield Finding(
            "problem",
            code,
            subject,
            f"{reason}: nothing is sent to {len(ids)} endpoints ({shown})",
            "put the master key that sealed them behind the others in OUTBOUND_WEBHOOKS_MASTER_KEYS;"
            f" if it is lost, {remedy}",
        )


def _sealed_before(keyring: Keyring, sealed: list[str]) -> Iterator[Finding]:
    """What opens with another master key than the first one, which is there for that alone."""
    older = [key for key in map(master_key_of, sealed) if key in keyring.keys and key != keyring.current]
    if older:
        yield Finding(
            "note",
            "keys-sealed-before",
            "master keys",
            f"{len(older)} signing keys and headers in use are sealed with {', '.join(sorted(set(older)))},"
            f" and not with {keyring.current}, the first one",
            "outbound-webhooks rotate-master-key, once it is the first one of every dispatcher",
        )
