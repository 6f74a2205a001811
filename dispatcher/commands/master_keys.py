"""generate-master-key, rotate-master-key: the keys that seal the signing keys and headers of endpoints."""

import argparse
import asyncio
import base64
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from dispatcher import config
from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import UsageError, roles_explained
from dispatcher.commands.switching import aligned
from dispatcher.core.sealing import KEY_BYTES, Keyring, master_key_of
from dispatcher.db import connect
from dispatcher.migrate import check_schema
from dispatcher.pipeline.resealing import Sealed, Used, reseal, used

SETTING = "OUTBOUND_WEBHOOKS_MASTER_KEYS"


def add_parsers(parsers: Parsers) -> None:
    """Add the commands."""
    add_parser(parsers, "generate-master-key", generate_master_key, f"Print a new master key for {SETTING}.")
    rotated = add_parser(
        parsers,
        "rotate-master-key",
        rotate_master_key,
        f"Seal anew, with the first key of {SETTING}, what other ones sealed; exit code 1 if something in use is left.",
    )
    rotated.add_argument("--dry-run", action="store_true", help="print how much each key seals, and change nothing")


def generate_master_key(_: argparse.Namespace) -> None:
    """Print a new master key."""
    key_id = "k" + secrets.token_hex(3)
    print(f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}")


def rotate_master_key(arguments: argparse.Namespace) -> int:
    """Seal everything with the current master key; or show how much each master key seals."""
    settings = config.load()
    with roles_explained():
        return asyncio.run(_rotate(settings.libpq_url(), settings.keyring(), dry_run=arguments.dry_run))


async def _rotate(url: str, keyring: Keyring, *, dry_run: bool) -> int:
    async with await connect(url, "rotate-master-key") as connection:
        await check_schema(lambda: nullcontext(connection))
        before = await used(connection)
        if dry_run:
            print("\n".join(_table(keyring, before)))
            return 0
        _refuse_unknown(keyring, before)
        total = sum(key.sealed for key in before if key.master_key in keyring.keys and _is_other(keyring, key))

        def told(done: int, again: int) -> None:
            held = f"; {again} are being changed by others, and are tried again" if again else ""
            print(f"outbound-webhooks: {done} of {total} sealed anew{held}", file=sys.stderr, flush=True)

        unopened = await reseal(connection, keyring, told)
        after = [key for key in await used(connection) if _is_other(keyring, key)]
    print("\n".join(_outcome(keyring, after, unopened)))
    return 1 if any(key.in_use for key in after) else 0


def _is_other(keyring: Keyring, key: Used) -> bool:
    return key.master_key != keyring.current


def _table(keyring: Keyring, found: Sequence[Used]) -> list[str]:
    """How much each master key seals, those that are configured and seal nothing included."""
    counts = {key_id: Used(key_id, 0, 0) for key_id in keyring.keys} | {key.master_key: key for key in found}
    rows = [
        (
            key.master_key,
            str(key.sealed),
            str(key.in_use),
            "current" if not _is_other(keyring, key) else "yes" if key.master_key in keyring.keys else "no",
        )
        for key in counts.values()
    ]
    return aligned([("master key", "seals", "in use", "configured"), *rows])


def _refuse_unknown(keyring: Keyring, found: Sequence[Used]) -> None:
    """Before anything is changed: what is in use has to open.

    Raises:
        UsageError: a master key is missing.
    """
    missing = [key for key in found if key.in_use and key.master_key not in keyring.keys]
    if missing:
        lines = [
            f"master key {key.master_key} is not configured, and seals {key.in_use} signing keys and headers in use"
            for key in missing
        ]
        raise UsageError(
            "\n".join(lines) + f"\nput it behind the others in {SETTING}; if it is lost, give the endpoints that"
            " outbound-webhooks doctor names new signing keys and headers. Nothing was changed"
        )


def _outcome(keyring: Keyring, left: Sequence[Used], unopened: Sequence[Sealed]) -> Iterator[str]:
    """What became of each master key but the current one."""
    still = {key.master_key: key for key in left}
    for value in unopened:
        if master_key_of(value.sealed) in keyring.keys:
            yield f"{value.kind} {value.id} of endpoint {value.endpoint_id} does not open, and stays as it is"
    for key_id in sorted({*keyring.keys, *still} - {keyring.current}):
        if key_id in still:
            yield f"master key {key_id} still seals {still[key_id].sealed}, {still[key_id].in_use} of them in use"
        else:
            yield (
                f"master key {key_id} seals nothing any more: it may be removed once {keyring.current} is the first key"
                " of every dispatcher"
            )
    if not still:
        yield f"everything is sealed with master key {keyring.current}"
