"""The stage of the demo: a host's database, the product installed beside its tables, an endpoint for each clinic."""

from typing import LiteralString

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from dispatcher.demo import host
from dispatcher.demo.embedded import Server
from dispatcher.demo.process import ENVIRONMENT, DemoFailed
from dispatcher.demo.receiver import Receiver
from dispatcher.demo.teller import Teller
from dispatcher.migrate import migrate

DISPATCHER_ROLE: LiteralString = "webhooks_dispatcher"
SERVE_ROLE: LiteralString = "webhooks_serve"
DBA = "DBA"

_WATCH: LiteralString = """\
select outbound_webhooks.watch(
    'payment_transactions',
    {},
    p_include => {},
    p_related => {});
select outbound_webhooks.set_capture(true);
select outbound_webhooks.arm({})"""

# The receiver is on this machine. The dispatcher's OUTBOUND_WEBHOOKS_ALLOWED_NETWORKS has to name it, too.
_ALLOW: LiteralString = "select outbound_webhooks.set_url_policy(p_internal_urls => true)"

_ENDPOINTS: tuple[tuple[str, LiteralString], ...] = (
    (
        "/clinic-1",
        """\
select * from outbound_webhooks.create_endpoint(
    '1', {})""",
    ),
    (
        # Its schedule is short, so that the retry can be watched.
        "/clinic-2",
        """\
select * from outbound_webhooks.create_endpoint(
    '2', {},
    p_retry_schedule => '{{0,1,5,30}}')""",
    ),
)


def prepare(teller: Teller, server: Server) -> None:
    """Create the host's database with its application's tables, and install the product in it."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(host.DATABASE)))
    with psycopg.connect(server.url(host.DATABASE), autocommit=True) as dba:
        _tell_server(teller, dba, server)
        _create_host(teller, dba, server)
        _install(teller, dba, server)


def _tell_server(teller: Teller, dba: psycopg.Connection, server: Server) -> None:
    teller.step("PostgreSQL, embedded: a child of this process")
    row = dba.execute("select current_setting('fsync'), current_setting('synchronous_commit')").fetchone()
    assert row is not None
    teller.line("server", f"PostgreSQL {dba.info.parameter_status('server_version')}, process {server.pid}")
    teller.line("settings", f"durable: fsync {row[0]}, synchronous_commit {row[1]}")


def _create_host(teller: Teller, dba: psycopg.Connection, server: Server) -> None:
    teller.step("A sample application that takes payments for clinics")
    dba.execute(host.SCHEMA)
    with psycopg.connect(server.url(host.DATABASE, host.APP_ROLE), autocommit=True) as app:
        app.execute(host.SEED)
    teller.line("tables", ", ".join(host.TABLES))
    teller.line("role", f"{host.APP_ROLE} reads and writes these tables; it knows of no webhooks")


def _install(teller: Teller, dba: psycopg.Connection, server: Server) -> None:
    teller.step("outbound-webhooks is installed beside it, and watches the payments")
    applied = migrate(server.url(host.DATABASE)).applied
    teller.line("migrate", f"{len(applied)} migrations into the schema outbound_webhooks")
    watch = sql.SQL(_WATCH).format(host.MAPPING, host.INCLUDE, host.RELATED, ENVIRONMENT)
    teller.sql(DBA, watch.as_string())
    dba.execute(watch)
    row = dba.execute("select has_schema_privilege(%s, 'outbound_webhooks', 'usage')", (host.APP_ROLE,)).fetchone()
    if row != (False,):
        raise DemoFailed(f"the role {host.APP_ROLE} may use the schema outbound_webhooks; it should need no grant")
    teller.line("grants", f"{host.APP_ROLE} has none on that schema, and needs none")
    dba.execute(f"create role {DISPATCHER_ROLE} login in role outbound_webhooks_dispatcher")
    dba.execute(f"create role {SERVE_ROLE} login in role outbound_webhooks_admin, outbound_webhooks_clinic")


async def create_endpoints(teller: Teller, dba: AsyncConnection[TupleRow], receiver: Receiver) -> dict[int, str]:
    """Create an endpoint for each clinic and give its key to the receiver; returns the paths by endpoint."""
    teller.step("Each clinic has an endpoint, with a signing key of its own")
    teller.line("receiver", f"{receiver.url}, with a certificate of a throwaway CA")
    teller.line("", "verifies with the official standardwebhooks library")
    teller.line("its URL", "is of this machine, and refused unless internal ones are allowed")
    teller.sql(DBA, _ALLOW)
    await dba.execute(_ALLOW)
    paths = {}
    for path, call in _ENDPOINTS:
        statement = sql.SQL(call).format(receiver.url + path)
        teller.sql(DBA, statement.as_string())
        cursor = await dba.execute(statement)
        ((endpoint_id, secret),) = await cursor.fetchall()
        receiver.keys[path] = [secret]
        paths[endpoint_id] = path
    return paths
