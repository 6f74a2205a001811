"""response_excerpts: what receivers wrote, and the only way to it."""

import psycopg
import pytest

from tests.sql import steps
from tests.sql.steps import RETRY, SUCCEEDED, claim, emit, endpoint, record, register, result, take_over
from tests.support.host import Host

EXCERPTS = "select number, http_status, content_type, response_excerpt from outbound_webhooks.response_excerpts(%s)"
PLAIN = {"content_type": "text/plain"}


def test_of_one_delivery(sandbox: Host) -> None:
    """The attempts that have one, the newest first; nothing of other deliveries."""
    endpoint(sandbox)
    emit(sandbox, 2)
    dispatcher = register(sandbox)
    first, other = claim(sandbox, dispatcher)
    record(
        sandbox,
        result(first, dispatcher, RETRY, response_excerpt="one", **PLAIN),
        result(other, dispatcher, RETRY, response_excerpt="other", **PLAIN),
    )
    for answer in ("two", None):
        steps.make_due(sandbox)
        again = next(row for row in claim(sandbox, dispatcher) if row["delivery_id"] == first["delivery_id"])
        record(sandbox, result(again, dispatcher, RETRY, http_status=503, response_excerpt=answer, **PLAIN))

    assert sandbox.rows(EXCERPTS, first["delivery_id"]) == [
        {"number": 2, "http_status": 503, "content_type": "text/plain", "response_excerpt": "two"},
        {"number": 1, "http_status": 500, "content_type": "text/plain", "response_excerpt": "one"},
    ]


def test_a_late_answer(sandbox: Host) -> None:
    """An answer that came after its lease was taken over has its excerpt, too, in place of what was lost."""
    endpoint(sandbox)
    emit(sandbox, 1)
    dispatcher = register(sandbox)
    (stale,) = claim(sandbox, dispatcher)
    steps.let_leases_expire(sandbox)
    take_over(sandbox, register(sandbox))
    record(sandbox, result(stale, dispatcher, RETRY, response_excerpt="late", **PLAIN))

    assert [row["response_excerpt"] for row in sandbox.rows(EXCERPTS, stale["delivery_id"])] == ["late"]


def test_success_has_none(sandbox: Host) -> None:
    """Its content type is kept all the same."""
    endpoint(sandbox)
    emit(sandbox, 1)
    dispatcher = register(sandbox)
    (claimed,) = claim(sandbox, dispatcher)
    record(sandbox, result(claimed, dispatcher, SUCCEEDED, **PLAIN))

    assert sandbox.rows(EXCERPTS, claimed["delivery_id"]) == []
    assert sandbox.value("select content_type from outbound_webhooks.attempts") == "text/plain"


@pytest.mark.parametrize(
    "statement",
    [
        "select response_excerpt from outbound_webhooks.attempts",
        "select * from outbound_webhooks.attempts",
        "select to_jsonb(a) from outbound_webhooks.attempts as a",
        "select a::text from outbound_webhooks.attempts as a",
        "select count(*) from outbound_webhooks.attempts where response_excerpt like 'a%'",
        "select number from outbound_webhooks.attempts order by response_excerpt",
        "copy outbound_webhooks.attempts to stdout",
    ],
)
@pytest.mark.parametrize("role", ["admin", "dispatcher", "monitor"])
def test_no_way_around(sandbox: Host, role: str, statement: str) -> None:
    """No role reads the column, nor learns of it by a condition, an order or a whole row; nor in a partition."""
    partition = sandbox.value(
        "select inhrelid::regclass::text from pg_inherits"
        " where inhparent = 'outbound_webhooks.attempts'::regclass limit 1"
    )
    sandbox.rows(f"set local role outbound_webhooks_{role}")
    for relation in ("outbound_webhooks.attempts", str(partition)):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), sandbox.connection.transaction():
            sandbox.rows(statement.replace("outbound_webhooks.attempts", relation))
    sandbox.rows("reset role")
