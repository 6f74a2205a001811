"""Sealing, and sealing anew, beside those who rotate, revoke, change or purge keys: nothing of theirs is lost."""

from collections.abc import Callable

import pytest

from dispatcher.core.sealing import SIGNING_KEY, Keyring, seal
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import SECRET, Row, claim, emit, endpoint, register, set_state
from tests.support.host import Host

OLD, NEW = Keyring("old", {"old": bytes(32)}), Keyring("new", {"new": bytes(range(32)), "old": bytes(32)})
CLEAR = "select * from outbound_webhooks.unsealed_values()"
OTHERWISE = "select * from outbound_webhooks.sealed_otherwise('new', '', 0, 100)"
REPLACE = "select outbound_webhooks.replace_value(%s, %s, %s, %s)"
ROWS = "select id, secret, sealed, valid_until is not null as ends from outbound_webhooks.endpoint_secrets order by id"


def sealed(keyring: Keyring, row: Row, text: str) -> str:
    """A key as a dispatcher seals it."""
    return seal(keyring, SIGNING_KEY, str(row["clinic_id"]), int(row["endpoint_id"]), text, bytes(12))


def replace(host: Host, row: Row, text: str) -> bool:
    """Put a sealed text into a row, if it is as it was read."""
    return bool(host.value(REPLACE, row["kind"], row["id"], row["version"], text))


def sealed_by_old(host: Host) -> tuple[int, Row]:
    """An endpoint whose key the old master key sealed; its id, and the row as it is to be sealed anew."""
    created = endpoint(host, secret=SECRET)
    (clear,) = host.rows(CLEAR)
    assert replace(host, clear, sealed(OLD, clear, SECRET))
    (row,) = host.rows(OTHERWISE)
    return created.id, row


def test_in_order(host: Host) -> None:
    """A key in clear is sealed; sealed by an older master key it is sealed anew; then it is left alone."""
    _, row = sealed_by_old(host)
    anew = sealed(NEW, row, SECRET)

    assert host.rows(CLEAR) == []
    assert replace(host, row, anew)
    assert host.rows(OTHERWISE) == []
    assert [(key["secret"], key["sealed"]) for key in host.rows(ROWS)] == [(None, anew)]


def rotated(a: Host, endpoint_id: int) -> None:
    """A rotates the key."""
    a.rows("select outbound_webhooks.rotate_secret(%s)", endpoint_id)


def revoked(a: Host, endpoint_id: int) -> None:
    """A gives the endpoint another key and revokes this one."""
    a.rows("select outbound_webhooks.rotate_secret(%s)", endpoint_id)
    a.rows(
        "select outbound_webhooks.revoke_secret(min(secret_id)) from outbound_webhooks.list_secrets(%s)", endpoint_id
    )


def changed(a: Host, endpoint_id: int) -> None:
    """A DBA puts another key there, in clear."""
    a.rows(
        "update outbound_webhooks.endpoint_secrets set secret = %s, sealed = null where endpoint_id = %s",
        "whsec_" + "A" * 32, endpoint_id,
    )  # fmt: skip


def purged(a: Host, endpoint_id: int) -> None:
    """A purges the key."""
    a.rows("delete from outbound_webhooks.endpoint_secrets where endpoint_id = %s", endpoint_id)


def resealed(a: Host, _: int) -> None:
    """A seals it anew, too."""
    (row,) = a.rows(OTHERWISE)
    assert replace(a, row, sealed(NEW, row, SECRET))


BESIDE = (rotated, revoked, changed, purged, resealed)


@pytest.mark.parametrize("beside", BESIDE, ids=lambda function: function.__name__)
def test_read_before_and_written_after(host: Host, beside: Callable[[Host, int], None]) -> None:
    """B reads the key, A changes its row and commits, B writes: what A did stays; B reads what is there by now."""
    endpoint_id, row = sealed_by_old(host)
    beside(host, endpoint_id)
    before = host.rows(ROWS)

    assert not replace(host, row, sealed(NEW, row, SECRET))
    assert host.rows(ROWS) == before
    for again in host.rows(OTHERWISE):
        assert replace(host, again, sealed(NEW, again, SECRET))
    assert host.rows(OTHERWISE) == []


@pytest.mark.parametrize("beside", BESIDE, ids=lambda function: function.__name__)
def test_written_while_it_is_changed(host: Host, connect: Connect, beside: Callable[[Host, int], None]) -> None:
    """A has changed the row in an open transaction: B neither waits nor writes, before A commits and after."""
    endpoint_id, row = sealed_by_old(host)
    a, b = connect(), connect()
    b.rows("set statement_timeout = '30s'")
    with a.connection.transaction():
        beside(a, endpoint_id)
        before_it_commits = replace(b, row, sealed(NEW, row, SECRET))
    left = host.rows(ROWS)
    after_it_has = replace(b, row, sealed(NEW, row, SECRET))

    assert (before_it_commits, after_it_has) == (False, False)
    assert host.rows(ROWS) == left


def test_written_while_it_is_changed_in_vain(host: Host, connect: Connect) -> None:
    """A has changed the row in an open transaction: B does not write; A rolls back, and B writes."""
    endpoint_id, row = sealed_by_old(host)
    a, b = connect(), connect()
    with a.connection.transaction(force_rollback=True):
        rotated(a, endpoint_id)
        meanwhile = replace(b, row, sealed(NEW, row, SECRET))

    assert not meanwhile
    assert replace(b, row, sealed(NEW, row, SECRET))
    assert host.rows(OTHERWISE) == []


def test_a_rotation_while_it_is_written(host: Host, connect: Connect) -> None:
    """B has sealed a key anew in an open transaction: A's rotation waits for it, and both are there."""
    endpoint_id, row = sealed_by_old(host)
    a, b = connect(), connect()
    with background() as running:
        with b.connection.transaction():
            assert replace(b, row, sealed(NEW, row, SECRET))
            call = running.submit(rotated, a, endpoint_id)
            until_blocked(host, a, call)
        call.result(timeout=60)

    assert [(str(key["sealed"])[:7], key["ends"]) for key in host.rows(ROWS)] == [("v1.new.", True), ("None", False)]


def test_a_claim_does_not_wait(host: Host, connect: Connect) -> None:
    """A seals a key anew in an open transaction: a claim takes the old text meanwhile, which opens as well."""
    _, row = sealed_by_old(host)
    a, b = connect(), connect()
    b.rows("set statement_timeout = '30s'")
    emit(host)
    with a.connection.transaction():
        assert replace(a, row, sealed(NEW, row, SECRET))
        (claimed,) = claim(b, register(b))

    assert claimed["secrets"] == [row["sealed"]]


def test_how_much_each_master_key_seals(host: Host) -> None:
    """By master key; what is revoked, or of a retired endpoint, is not in use; what is in clear is not counted."""
    for number, key in enumerate(("k1", "k1", "k2", "k3")):
        created = endpoint(host)
        host.rows(
            "update outbound_webhooks.endpoint_secrets set secret = null, sealed = %s where endpoint_id = %s",
            f"v1.{key}.AAAA", created.id,
        )  # fmt: skip
        if number == 1:
            host.rows("update outbound_webhooks.endpoint_secrets set valid_until = clock_timestamp() where id = 2")
        if key == "k3":
            set_state(host, created.id, "retired")
    endpoint(host)

    rows = host.rows("select * from outbound_webhooks.master_keys_used()")

    assert [tuple(row.values()) for row in rows] == [("k1", 2, 1), ("k2", 1, 1), ("k3", 1, 0)]


def test_batch_by_batch(host: Host) -> None:
    """The next so many after a kind and an id, in that order; those of the current master key are left out."""
    for _ in range(4):
        endpoint(host)
    host.rows("update outbound_webhooks.endpoint_secrets set secret = null, sealed = 'v1.old.AAAA'")
    host.rows("update outbound_webhooks.endpoint_secrets set sealed = 'v1.new.AAAA' where id = 2")

    batch = "select kind, id from outbound_webhooks.sealed_otherwise('new', %s, %s, 2)"
    first = host.rows(batch, "", 0)
    second = host.rows(batch, *first[-1].values())

    assert [(row["kind"], row["id"]) for row in first + second] == [
        (SIGNING_KEY, 1),
        (SIGNING_KEY, 3),
        (SIGNING_KEY, 4),
    ]
