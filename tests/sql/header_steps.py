"""Setting headers of endpoints, and what then stands in the table."""

import json

import psycopg
import pytest

from dispatcher.core.sealing import HEADER, Keyring, purpose_of, seal
from tests.support.bad_headers import CANARY
from tests.support.host import CLINIC, Host

SET = "select outbound_webhooks.set_headers(%s, %s::jsonb)"
AUTHORIZE = "select outbound_webhooks.set_authorization(%s, %s, %s, %s)"
INSERT = "insert into outbound_webhooks.endpoint_headers (clinic_id, endpoint_id, name, value) values (%s, %s, %s, %s)"
REPLACE = "select outbound_webhooks.replace_value('header', %s, %s, %s)"
RING = Keyring("k1", {"k1": bytes(32)})


def set_headers(host: Host, endpoint_id: int, **headers: str) -> None:
    """Set the headers of an endpoint, named with underscores."""
    host.rows(SET, endpoint_id, json.dumps({name.replace("_", "-"): value for name, value in headers.items()}))


def stored(host: Host, endpoint_id: int) -> dict[object, object]:
    """What stands in the table for an endpoint: values in clear, or sealed."""
    rows = host.rows(
        "select name, coalesce(value, sealed) as value from outbound_webhooks.endpoint_headers where endpoint_id = %s",
        endpoint_id,
    )
    return {row["name"]: row["value"] for row in rows}


def refused(host: Host, statement: str, *parameters: object) -> psycopg.Error:
    """The error of a statement that must fail; it changed no header, and holds no value."""
    before = host.rows("select * from outbound_webhooks.endpoint_headers order by id")
    with pytest.raises(psycopg.Error) as caught, host.connection.transaction():
        host.rows(statement, *parameters)
    assert host.rows("select * from outbound_webhooks.endpoint_headers order by id") == before
    said = (caught.value.diag.message_primary, caught.value.diag.message_detail, caught.value.diag.context)
    assert CANARY not in str(said)
    return caught.value


def insert_all(host: Host, endpoint_id: int, headers: dict[str, str]) -> None:
    """Insert headers one by one, or none of them."""
    with host.connection.transaction():
        for name, value in headers.items():
            host.rows(INSERT, CLINIC, endpoint_id, name, value)


def seal_all(host: Host) -> None:
    """Seal every header, as the leader does."""
    for row in host.rows("select * from outbound_webhooks.unsealed_values() where kind = 'header'"):
        purpose = purpose_of(HEADER, str(row["name"]))
        sealed = seal(RING, purpose, str(row["clinic_id"]), int(str(row["endpoint_id"])), str(row["value"]), bytes(12))
        assert host.value(REPLACE, row["id"], row["version"], sealed) is True
