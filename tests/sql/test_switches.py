"""The capture switches: for everything, for one source, for one transaction; who threw them, and the view of them."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.sql import sources, steps
from tests.sql.conftest import Connect
from tests.sql.switching import CAPTURE_ALL, CAPTURE_HERE, CAPTURE_SOURCE, DELIVERY, DISPATCHERS, is_on, switches
from tests.support.host import CLINIC, Host

SET = "select outbound_webhooks.set_capture(%s)"
SET_SOURCE = "select outbound_webhooks.set_capture(%s, %s)"


def captured(host: Host) -> bool:
    """Does a payment become an event?"""
    before = len(sources.types(host))
    host.pay()
    return len(sources.types(host)) > before


def test_after_installation(host: Host) -> None:
    """Capture is off, and nobody delivers; a source's own switch is on, and delivery is not stopped."""
    host.rows("select outbound_webhooks.set_capture(false)")

    assert is_on(host) == {CAPTURE_ALL: False, CAPTURE_SOURCE: True, DELIVERY: True, DISPATCHERS: False}
    assert switches(host)[DISPATCHERS]["since"] is None


@pytest.mark.parametrize(("all_on", "source_on"), [(True, True), (True, False), (False, True), (False, False)])
def test_both_have_to_be_on(sandbox: Host, all_on: bool, source_on: bool) -> None:
    """A change is captured if the switch for all and that of its source are on; other sources do not care."""
    steps.endpoint(sandbox)
    sandbox.rows("create table things (id bigint generated always as identity, clinic_id text)")
    sources.watch(sandbox, "things", "thing")

    sandbox.rows(SET_SOURCE, source_on, "payment_transactions")
    sandbox.rows(SET, all_on)
    shown = is_on(sandbox)

    assert captured(sandbox) is (all_on and source_on)
    sources.forget(sandbox)
    sandbox.rows("insert into things (clinic_id) values (%s)", CLINIC)
    assert len(sources.types(sandbox)) == all_on
    assert (shown[CAPTURE_ALL], shown[CAPTURE_SOURCE]) == (all_on, source_on)
    assert shown["capture", "source things"] is True


def test_who_and_when(host: Host, connect: Connect) -> None:
    """A switch knows who threw it, also behind SET ROLE, and since when; throwing it to where it is changes nothing."""
    host.rows("create role operator login in role outbound_webhooks_admin")
    session = connect()
    session.rows("set session authorization operator")
    begun = datetime.now(UTC) - timedelta(minutes=5)  # the server's clock is another one

    session.rows(SET, True)
    untouched = switches(host)[CAPTURE_ALL]
    session.rows(SET, False)
    session.rows(SET_SOURCE, False, "payment_transactions")
    session.rows("set role outbound_webhooks_admin")
    thrown = switches(host)
    session.rows(SET_SOURCE, False, "payment_transactions")
    after = switches(host)
    seen_by_them = switches(session)
    session.rows("reset session authorization")
    host.rows("drop role operator")

    assert untouched["changed_by"] == host.value("select session_user")
    for key in (CAPTURE_ALL, CAPTURE_SOURCE):
        assert (after[key]["is_on"], after[key]["changed_by"]) == (False, "operator")
        assert after[key]["since"] > max(untouched["since"], begun)
    assert seen_by_them == after == thrown


def test_watching_again_keeps_the_switch(sandbox: Host) -> None:
    """A source that was switched off stays off, and so says its trigger function."""
    steps.endpoint(sandbox)
    sandbox.rows(SET_SOURCE, False, "payment_transactions")
    before = switches(sandbox)

    sources.watch(sandbox, "payment_transactions", "payment_transaction")

    assert switches(sandbox) == before
    assert not captured(sandbox)


@pytest.mark.parametrize("value", ["off", "false", "no", "0", "OFF", "f", "n"])
def test_off_for_one_transaction(host: Host, connect: Connect, value: str) -> None:
    """`set local` switches off up to the end of the transaction, and only there; the view says so."""
    steps.endpoint(host)
    other = connect()

    with host.connection.transaction():
        host.rows(f"set local outbound_webhooks.capture = {value}")
        assert not captured(host)
        assert is_on(host)[CAPTURE_HERE] is False
        assert CAPTURE_HERE not in is_on(other)
        assert captured(other)

    assert CAPTURE_HERE not in is_on(host)
    assert captured(host)


def test_on_again_within_it(host: Host) -> None:
    """`reset`, on, and a savepoint that is rolled back each bring capture back; `on` cannot overrule a switch."""
    steps.endpoint(host)

    with host.connection.transaction():
        host.rows("set local outbound_webhooks.capture = off")
        host.rows("set local outbound_webhooks.capture = on")
        assert captured(host)
        host.rows("set local outbound_webhooks.capture = off")
        host.rows("reset outbound_webhooks.capture")
        assert captured(host)
        with host.connection.transaction(force_rollback=True):
            host.rows("set local outbound_webhooks.capture = off")
        assert captured(host)
        host.rows("set local outbound_webhooks.capture = ''")
        assert captured(host)
        host.rows(SET, False)
        host.rows("set local outbound_webhooks.capture = on")
        assert not captured(host)


def test_off_for_a_session(host: Host) -> None:
    """`set` without local works, too, until it is reset."""
    steps.endpoint(host)

    host.rows("set outbound_webhooks.capture = off")
    assert not captured(host)
    host.rows("reset outbound_webhooks.capture")
    assert captured(host)


@pytest.mark.parametrize("value", ["perhaps", "2", "nein"])
def test_a_value_that_is_none(host: Host, value: str) -> None:
    """Neither on nor off: the payment commits, and the ledger says what was wrong; it can be captured later."""
    steps.endpoint(host)

    with host.connection.transaction():
        host.rows(f"set local outbound_webhooks.capture = '{value}'")
        assert not captured(host)
        shown = switches(host)[CAPTURE_HERE]
    errors = sources.ledger(host)
    host.rows("select outbound_webhooks.recapture()")

    assert host.value("select count(*) from payment_transactions") == 1
    assert errors == [("22P02", f'invalid input syntax for type boolean: "{value}"')]
    assert len(sources.types(host)) == 1
    assert (shown["is_on"], shown["reason"]) == (False, f"'{value}' is neither on nor off: changes go to the ledger")
    assert CAPTURE_HERE not in switches(host)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None,), "capture is on or off, not null"),
        ((None, "payment_transactions"), "capture is on or off, not null"),
        ((True, "payments"), "there is no event source named 'payments'"),
    ],
)
def test_refusals(sandbox: Host, arguments: tuple[object, ...], message: str) -> None:
    """A switch is on or off, and that of a source there is."""
    marks = ", ".join(["%s"] * len(arguments))
    before = switches(sandbox)

    with pytest.raises(psycopg.Error) as caught, sandbox.connection.transaction():
        sandbox.rows(f"select outbound_webhooks.set_capture({marks})", *arguments)

    assert caught.value.diag.message_primary == message
    assert switches(sandbox) == before


# Whatever boolean takes, and what it does not: each is a whole word, or the beginning of one that only one begins with.
@pytest.mark.parametrize("value", ["t", "TRU", "on", "y", "ye", "1", "o", "of", "fal", "0", "00", "onn", "", " on "])
def test_the_view_reads_a_value_as_captures_do(host: Host, value: str) -> None:
    """Shown as off is exactly what is not captured, whatever was set; and no value makes the view fail."""
    steps.endpoint(host)

    with host.connection.transaction():
        host.rows("select set_config('outbound_webhooks.capture', %s, true)", value)
        shown = CAPTURE_HERE not in is_on(host)
        assert captured(host) is shown
