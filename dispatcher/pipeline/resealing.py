"""Sealing anew, with the current master key, what an older one sealed: row by row, beside dispatchers that run."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatcher.core.sealing import NONCE_BYTES, Keyring, SealingError, purpose_of, seal, unseal
from dispatcher.pipeline.rest import rest

BATCH = 200  # rows that are read at once
PAUSE_SECONDS = 0.5  # before rows are read again that somebody held or changed

_USED: LiteralString = "select master_key, sealed, in_use from outbound_webhooks.master_keys_used()"
_OTHERWISE: LiteralString = """
    select kind, id, clinic_id, endpoint_id, name, sealed, version
    from outbound_webhooks.sealed_otherwise(%s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Used:
    """How many values a master key seals, and how many of these are in use."""

    master_key: str
    sealed: int
    in_use: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signing key or the value of a header, sealed; `version` is that of its row."""

    kind: str
    id: int
    clinic_id: str
    endpoint_id: int
    name: str | None
    sealed: str
    version: str


async def used(connection: AsyncConnection[Any]) -> list[Used]:
    """The master keys that seal something."""
    cursor = await connection.cursor(row_factory=class_row(Used)).execute(_USED)
    return await cursor.fetchall()


async def reseal(connection: AsyncConnection[Any], keyring: Keyring, told: Callable[[int, int], None]) -> list[Sealed]:
    """Seal with the current master key what another one of the keyring sealed; returns what could not be opened.

    Each value is a statement of its own, so that nobody waits, and nothing waits for anybody. What somebody holds, or
    changed since it was read, is read again until it can be sealed. Broken off, it goes on when it is called anew.

    Args:
        connection: in autocommit.
        told: is called after each batch with how many values were sealed so far, and how many have to be read again.
    """
    done = 0
    while True:
        again, unopened, after = 0, [], ("", 0)
        while batch := await _batch(connection, keyring.current, after):
            for value in batch:
                try:
                    sealed = _anew(keyring, value)
                except SealingError:
                    unopened.append(value)
                    continue
                replaced = await _replace(connection, value, sealed)
                done += replaced
                again += not replaced
            after = (batch[-1].kind, batch[-1].id)
            told(done, again)
        if not again:
            return unopened
        await rest(PAUSE_SECONDS)


def _anew(keyring: Keyring, value: Sealed) -> str:
    purpose = purpose_of(value.kind, value.name)
    text = unseal(keyring, purpose, value.clinic_id, value.endpoint_id, value.sealed)
    return seal(keyring, purpose, value.clinic_id, value.endpoint_id, text, secrets.token_bytes(NONCE_BYTES))


async def _batch(connection: AsyncConnection[Any], master_key: str, after: tuple[str, int]) -> list[Sealed]:
    cursor = await connection.cursor(row_factory=class_row(Sealed)).execute(_OTHERWISE, (master_key, *after, BATCH))
    return await cursor.fetchall()


async def _replace(connection: AsyncConnection[Any], value: Sealed, sealed: str) -> bool:
    cursor = await connection.execute(
        "select outbound_webhooks.replace_value(%s, %s, %s, %s)", (value.kind, value.id, value.version, sealed)
    )
    return await cursor.fetchone() == (True,)
