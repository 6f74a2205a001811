"""Signing keys: rotated with an overlap, revoked, listed; and which of them a claim signs with."""

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import SECRET, Row, claim, emit, endpoint, register
from tests.support.host import Host

ROTATE = "select secret_id, secret from outbound_webhooks.rotate_secret(%s, %s)"
REVOKE = "select outbound_webhooks.revoke_secret(%s)"
LIST = "select * from outbound_webhooks.list_secrets(%s)"


def rotate(host: Host, endpoint_id: int, overlap: str | None = "24 hours") -> Row:
    """Rotate; returns the new key and its id."""
    (row,) = host.rows(ROTATE, endpoint_id, overlap)
    return row


def let_overlap_end(host: Host, secret: str) -> None:
    """As if the overlap of a key had just ended."""
    host.rows(
        "update outbound_webhooks.endpoint_secrets set created_at = created_at - interval '8 days',"
        " valid_until = clock_timestamp() where secret = %s",
        secret,
    )


def signs(host: Host, endpoint_id: int) -> list[object]:
    """The keys that a claim takes now, in the order of their signatures; what was claimed is given back."""
    emit(host)
    rows = [row for row in claim(host, register(host)) if row["endpoint_id"] == endpoint_id]
    steps.release(host, rows)
    return list(rows[-1]["secrets"])


def refused(host: Host, statement: str, *parameters: object) -> psycopg.Error:
    """The error of a statement that must fail; it changed nothing."""
    before = host.rows("select * from outbound_webhooks.endpoint_secrets order by id")
    with pytest.raises(psycopg.Error) as caught, host.connection.transaction():
        host.rows(statement, *parameters)
    assert host.rows("select * from outbound_webhooks.endpoint_secrets order by id") == before
    return caught.value


def test_both_sign_until_the_overlap_ends(sandbox: Host) -> None:
    """The new key signs from the start; the old one beside it, until the overlap ends; other endpoints' do not."""
    created, other = endpoint(sandbox), endpoint(sandbox)

    before = signs(sandbox, created.id)
    new = rotate(sandbox, created.id)
    during = signs(sandbox, created.id)
    let_overlap_end(sandbox, created.secret)
    after = signs(sandbox, created.id)

    assert before == [created.secret]
    assert during == [new["secret"], created.secret]
    assert after == [new["secret"]]
    assert signs(sandbox, other.id) == [other.secret]


@pytest.mark.parametrize(("overlap", "hours"), [("24 hours", 24), ("2 hours", 2), ("168 hours", 168), ("7 days", 168)])
def test_how_long(sandbox: Host, overlap: str, hours: int) -> None:
    """The keys before it end after the overlap; the new one has no end."""
    created = endpoint(sandbox)

    new = rotate(sandbox, created.id, overlap)
    ends = sandbox.rows(
        "select secret, extract(epoch from valid_until - clock_timestamp()) / 3600 as hours"
        " from outbound_webhooks.endpoint_secrets order by id"
    )

    assert [row["secret"] for row in ends] == [created.secret, new["secret"]]
    assert float(str(ends[0]["hours"])) == pytest.approx(hours, abs=0.05)
    assert ends[1]["hours"] is None


def test_a_day_by_default(sandbox: Host) -> None:
    """Without an overlap it is 24 hours."""
    created = endpoint(sandbox)

    sandbox.rows("select outbound_webhooks.rotate_secret(%s)", created.id)

    assert sandbox.value(
        "select valid_until - clock_timestamp() between interval '23 hours' and interval '24 hours'"
        " from outbound_webhooks.endpoint_secrets where valid_until is not null"
    )


def test_no_overlap(sandbox: Host) -> None:
    """With none the old keys end at once."""
    created = endpoint(sandbox)
    rotate(sandbox, created.id)

    new = rotate(sandbox, created.id, "0")

    assert signs(sandbox, created.id) == [new["secret"]]


def test_an_earlier_end_is_kept(sandbox: Host) -> None:
    """A key that ends sooner than the new overlap keeps its end; one that would end later ends with it."""
    created = endpoint(sandbox)
    rotate(sandbox, created.id, "1 hour")
    rotate(sandbox, created.id, "5 hours")

    rotate(sandbox, created.id, "3 hours")
    ends = sandbox.rows(
        "select round(extract(epoch from valid_until - clock_timestamp()) / 3600) as hours"
        " from outbound_webhooks.endpoint_secrets order by id"
    )

    assert [row["hours"] for row in ends] == [1, 3, 3, None]


def test_a_key_of_ones_own(sandbox: Host) -> None:
    """A key may be brought along; what is none is refused as at creation."""
    created = endpoint(sandbox)

    sandbox.rows("select outbound_webhooks.rotate_secret(%s, p_secret => %s)", created.id, SECRET)
    error = refused(sandbox, "select outbound_webhooks.rotate_secret(%s, p_secret => 'abc')", created.id)

    assert signs(sandbox, created.id) == [SECRET, created.secret]
    assert error.diag.message_primary == "a signing key is whsec_ followed by the base64 of 24 to 64 random bytes"


@pytest.mark.parametrize("overlap", ["-1 second", "7 days 1 second", "1 month", None])
def test_what_is_no_overlap(sandbox: Host, overlap: str | None) -> None:
    """An overlap is from 0 to 7 days."""
    created = endpoint(sandbox)

    error = refused(sandbox, ROTATE, created.id, overlap)

    assert str(error.diag.message_primary).startswith("the overlap must be from 0 to 7 days, not ")
    assert error.sqlstate == "22023"


def test_at_most_five(sandbox: Host) -> None:
    """Five keys sign, and not six; once one has ended, or without an overlap, there is room again."""
    created = endpoint(sandbox)
    keys = [created.secret, *(rotate(sandbox, created.id)["secret"] for _ in range(4))]

    error = refused(sandbox, ROTATE, created.id, "1 hour")
    let_overlap_end(sandbox, created.secret)
    sixth = rotate(sandbox, created.id)
    five = signs(sandbox, created.id)
    seventh = rotate(sandbox, created.id, "0")

    assert error.diag.message_primary == f"endpoint {created.id} has 5 keys that sign, which is the most"
    assert "revoke one: see list_secrets" in str(error.diag.message_hint)
    assert five == [sixth["secret"], *reversed(keys[1:])]
    assert signs(sandbox, created.id) == [seventh["secret"]]


@pytest.mark.parametrize(
    ("state", "message"), [("retired", "is retired, and cannot be given a new key"), (None, "there is no endpoint")]
)
def test_which_endpoints_get_none(sandbox: Host, state: str | None, message: str) -> None:
    """A retired endpoint, and one that there is not, get no key; a paused or disabled one does."""
    created = endpoint(sandbox)
    for other in ("paused", "disabled"):
        steps.set_state(sandbox, created.id, other)
        rotate(sandbox, created.id)
    if state is not None:
        steps.set_state(sandbox, created.id, state)

    error = refused(sandbox, ROTATE, created.id if state else 4711, "1 hour")

    assert message in str(error)


def test_revoked(sandbox: Host) -> None:
    """A revoked key signs nothing any more, the new one or an old one; again changes nothing."""
    created = endpoint(sandbox)
    second, third = rotate(sandbox, created.id), rotate(sandbox, created.id)

    sandbox.rows(REVOKE, third["secret_id"])
    left = signs(sandbox, created.id)
    ended = sandbox.rows("select id, valid_until from outbound_webhooks.endpoint_secrets order by id")
    sandbox.rows(REVOKE, third["secret_id"])

    assert left == [second["secret"], created.secret]
    assert sandbox.rows("select id, valid_until from outbound_webhooks.endpoint_secrets order by id") == ended


def test_the_only_one_is_not_revoked(sandbox: Host) -> None:
    """The only key that signs cannot be revoked: the hint replaces it. Of a retired endpoint it can."""
    created = endpoint(sandbox)
    (only,) = sandbox.rows(LIST, created.id)
    rotate(sandbox, created.id)
    (newest, *_) = sandbox.rows(LIST, created.id)
    sandbox.rows(REVOKE, newest["secret_id"])

    error = refused(sandbox, REVOKE, only["secret_id"])
    sandbox.rows(f"select outbound_webhooks.{str(error.diag.message_hint).split(' makes')[0]}")
    replaced = sandbox.rows(LIST, created.id)
    steps.set_state(sandbox, created.id, "retired")
    sandbox.rows(REVOKE, replaced[0]["secret_id"])

    assert error.diag.message_primary == f"signing key {only['secret_id']} is the only one of endpoint {created.id}"
    assert [row["is_live"] for row in replaced] == [True, False, False]
    assert [row["is_live"] for row in sandbox.rows(LIST, created.id)] == [False, False, False]


def test_no_such_key(sandbox: Host) -> None:
    """A key that there is not is named."""
    error = refused(sandbox, REVOKE, 4711)

    assert error.diag.message_primary == "there is no signing key 4711"


def test_the_list(sandbox: Host) -> None:
    """Newest first: when each signs and by which master key it is sealed; the keys themselves are nowhere in it."""
    created = endpoint(sandbox)
    new = rotate(sandbox, created.id)
    sandbox.rows("update outbound_webhooks.endpoint_secrets set secret = null, sealed = 'v1.k7.abc'")
    newest = rotate(sandbox, created.id)
    sandbox.rows(REVOKE, new["secret_id"])

    rows = sandbox.rows(LIST, created.id)

    assert [(row["secret_id"], row["is_live"], row["sealed_with"]) for row in rows] == [
        (newest["secret_id"], True, None),
        (new["secret_id"], False, "k7"),
        (rows[2]["secret_id"], True, "k7"),
    ]
    assert [row["valid_until"] is None for row in rows] == [True, False, False]
    assert not any(secret in str(rows) for secret in ("whsec_", "abc", str(newest["secret"])))


@pytest.mark.parametrize("ended", ["revoked", "overlap", "before the claim", "none"])
def test_a_late_start(sandbox: Host, ended: str) -> None:
    """Before a late start: every key that the claim took has to sign still."""
    created = endpoint(sandbox)
    rotate(sandbox, created.id)
    (*_, oldest) = sandbox.rows(LIST, created.id)
    if ended == "before the claim":
        sandbox.rows(REVOKE, oldest["secret_id"])
    emit(sandbox)
    (claimed,) = claim(sandbox, register(sandbox))
    if ended == "revoked":
        sandbox.rows(REVOKE, oldest["secret_id"])
    elif ended == "overlap":
        let_overlap_end(sandbox, created.secret)

    may = sandbox.value("select outbound_webhooks.may_start(%s, %s)", claimed["delivery_id"], claimed["lease_token"])

    assert may is (ended in ("before the claim", "none"))


def test_two_rotations_at_once(host: Host, connect: Connect) -> None:
    """A rotates in an open transaction: B waits for it, and its key comes after A's; all three sign."""
    created = endpoint(host)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            first = rotate(a, created.id)
            call = running.submit(rotate, b, created.id)
            until_blocked(host, b, call)
        second = call.result(timeout=60)

    assert signs(host, created.id) == [second["secret"], first["secret"], created.secret]


def test_two_revocations_at_once(host: Host, connect: Connect) -> None:
    """A and B revoke one of two keys each: B waits for A, and is refused, as its key is the only one by then."""
    created = endpoint(host)
    rotate(host, created.id)
    (newest, oldest) = host.rows(LIST, created.id)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            a.rows(REVOKE, newest["secret_id"])
            call = running.submit(b.rows, REVOKE, oldest["secret_id"])
            until_blocked(host, b, call)
        error = call.exception(timeout=60)

    assert "is the only one of endpoint" in str(error)
    assert signs(host, created.id) == [created.secret]


def test_payments_and_claims_do_not_wait(host: Host, connect: Connect) -> None:
    """A rotates in an open transaction: a payment is captured, and claimed with the old key, meanwhile."""
    created = endpoint(host)
    a, b = connect(), connect()
    b.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        rotate(a, created.id)
        b.pay()
        (claimed,) = claim(b, register(b))

    assert claimed["secrets"] == [created.secret]
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0
