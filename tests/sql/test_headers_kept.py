"""Headers of an endpoint once they are there: what is listed, claimed, sealed; who waits for whom; when they go."""

import psycopg
import pytest

from dispatcher.core.sealing import HEADER, SIGNING_KEY, SealingError, purpose_of, unseal
from tests.sql.conftest import Connect
from tests.sql.header_steps import AUTHORIZE, INSERT, REPLACE, RING, SET, refused, seal_all, set_headers, stored
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import claim, emit, endpoint, register
from tests.support.bad_headers import CANARY
from tests.support.host import CLINIC, Host

LIST = "select * from outbound_webhooks.list_headers(%s)"


def test_of_another_clinics_endpoint(sandbox: Host) -> None:
    """A header belongs to the clinic of its endpoint."""
    error = refused(sandbox, INSERT, "another clinic", endpoint(sandbox).id, "x-a", "1")

    assert error.diag.constraint_name == "endpoint_headers_of_an_endpoint"


def test_the_list(sandbox: Host) -> None:
    """Names, since when, and by which master key they are sealed; what they hold is nowhere in it."""
    created = endpoint(sandbox)
    set_headers(sandbox, created.id, x_b=CANARY, x_a=CANARY)
    seal_all(sandbox)
    sandbox.rows(AUTHORIZE, created.id, "bearer", None, CANARY)

    rows = sandbox.rows(LIST, created.id)

    assert [(row["name"], row["sealed_with"]) for row in rows] == [
        ("authorization", None), ("x-a", "k1"), ("x-b", "k1"),
    ]  # fmt: skip
    assert all(row.keys() == {"name", "set_at", "sealed_with"} for row in rows)
    assert not any(value in str(rows) for value in (CANARY, "v1."))


def test_the_claim_has_them(sandbox: Host) -> None:
    """Every delivery has its endpoint's, sealed or still in clear; where there are none, it has none."""
    with_some, without = endpoint(sandbox), endpoint(sandbox)
    set_headers(sandbox, with_some.id, x_a="1")
    seal_all(sandbox)
    sandbox.rows(AUTHORIZE, with_some.id, "bearer", None, "abc")
    sealed = stored(sandbox, with_some.id)["x-a"]
    emit(sandbox, 2)

    claimed = claim(sandbox, register(sandbox))
    found = [(row["endpoint_id"], row["headers"] and sorted(row["headers"])) for row in claimed]

    expected = [["authorization", "Bearer abc", None], ["x-a", None, sealed]]
    assert sorted(found, key=str) == sorted([(with_some.id, expected), (without.id, None)] * 2, key=str)


def test_the_claim_looks_them_up_once_for_an_endpoint(sandbox: Host) -> None:
    """However many deliveries of an endpoint are claimed, its headers are looked for once, by an index."""
    scans = "select seq_scan, idx_scan from pg_stat_xact_user_tables where relname = 'endpoint_headers'"
    for _ in range(3):
        set_headers(sandbox, endpoint(sandbox).id, x_a="1")
    emit(sandbox, 5)
    dispatcher = register(sandbox)
    (before,) = sandbox.rows(scans)

    claimed = claim(sandbox, dispatcher)
    (after,) = sandbox.rows(scans)

    assert len(claimed) == 15
    assert after == {"seq_scan": before["seq_scan"], "idx_scan": int(str(before["idx_scan"])) + 3}


def test_sealing(sandbox: Host) -> None:
    """What is in clear is offered with its name; what is sealed in its place opens for that name alone."""
    first, second = endpoint(sandbox), endpoint(sandbox)
    set_headers(sandbox, first.id, x_a=CANARY, x_b="another")
    seal_all(sandbox)
    rows = sandbox.rows("select * from outbound_webhooks.sealed_values()")
    a, b = (str(row["sealed"]) for row in rows)

    assert [(row["kind"], row["name"], row["endpoint_id"]) for row in rows] == [
        ("header", "x-a", first.id), ("header", "x-b", first.id),
    ]  # fmt: skip
    assert sandbox.rows("select * from outbound_webhooks.unsealed_values() where kind = 'header'") == []
    assert unseal(RING, purpose_of(HEADER, "x-a"), CLINIC, first.id, a) == CANARY
    assert CANARY not in str(sandbox.rows("select * from outbound_webhooks.endpoint_headers"))
    for purpose, clinic, endpoint_id, sealed in (
        (purpose_of(HEADER, "x-a"), CLINIC, second.id, a),
        (purpose_of(HEADER, "x-a"), "another clinic", first.id, a),
        (purpose_of(HEADER, "x-a"), CLINIC, first.id, b),
        (SIGNING_KEY, CLINIC, first.id, a),
    ):
        with pytest.raises(SealingError, match="belongs to another endpoint or purpose"):
            unseal(RING, purpose, clinic, endpoint_id, sealed)


def test_sealing_what_changed(host: Host) -> None:
    """A header that was set anew meanwhile is left alone: its own sealed form comes in the next round."""
    created = endpoint(host)
    set_headers(host, created.id, x_a="1")
    (clear,) = host.rows("select * from outbound_webhooks.unsealed_values() where kind = 'header'")

    host.rows("update outbound_webhooks.endpoint_headers set value = '2'")
    changed = host.value(REPLACE, clear["id"], clear["version"], "v1.k1.abcd")
    set_headers(host, created.id, x_a="3")
    replaced = host.value(REPLACE, clear["id"], clear["version"], "v1.k1.abcd")

    assert (changed, replaced) == (False, False)
    assert stored(host, created.id) == {"x-a": "3"}


def test_two_add_the_last_ones_at_once(host: Host, connect: Connect) -> None:
    """A inserts the twentieth header in an open transaction: B waits for it, and its twenty-first is refused."""
    created = endpoint(host)
    set_headers(host, created.id, **{f"x_{n}": "a" for n in range(19)})
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            a.rows(INSERT, CLINIC, created.id, "x-a", "1")
            call = running.submit(b.rows, INSERT, CLINIC, created.id, "x-b", "1")
            until_blocked(host, b, call)
        error = call.exception(timeout=60)

    assert isinstance(error, psycopg.Error)
    assert error.diag.constraint_name == "header_count"
    assert len(stored(host, created.id)) == 20


def test_two_set_at_once(host: Host, connect: Connect) -> None:
    """A sets in an open transaction: B waits for it, and what B sets takes the place of all of A's."""
    created = endpoint(host)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            set_headers(a, created.id, x_a="A's", x_both="A's")
            call = running.submit(set_headers, b, created.id, x_b="B's", x_both="B's")
            until_blocked(host, b, call)
        call.result(timeout=60)

    assert stored(host, created.id) == {"x-b": "B's", "x-both": "B's"}


def test_nobody_waits_for_it(host: Host, connect: Connect) -> None:
    """A sets in an open transaction: a payment is captured and claimed with the old header; the leader seals others."""
    created, other = endpoint(host), endpoint(host, "clinic-2")
    set_headers(host, created.id, x_a="1")
    set_headers(host, other.id, x_b="2")
    a, b = connect(), connect()
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        a.rows(SET, created.id, "{}")
        b.pay()
        (claimed,) = claim(b, register(b))
        replaced = [
            (row["name"], b.value(REPLACE, row["id"], row["version"], "v1.k1.abcd"))
            for row in b.rows("select * from outbound_webhooks.unsealed_values() where kind = 'header' order by name")
        ]

    assert claimed["headers"] == [["x-a", "1", None]]
    assert replaced == [("x-a", False), ("x-b", True)]
    assert stored(host, created.id) == {}
