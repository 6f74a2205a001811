"""The views of operators, read as dashboards read them; and an hour that passes."""

from tests.sql.steps import Row
from tests.support.host import Host

MONITOR = "outbound_webhooks_monitor"
VIEWS = ("backlog", "retry_calendar", "stat_dispatchers", "stat_endpoints", "stat_sources", "stuck_deliveries")


def as_monitor(host: Host, statement: str, *parameters: object) -> list[Row]:
    """The rows of a statement of the monitor role."""
    with host.connection.transaction():
        host.rows(f"set local role {MONITOR}")
        rows = host.rows(statement, *parameters)
        host.rows("reset role")
    return rows


def view(host: Host, name: str, condition: str = "true", *parameters: object) -> list[Row]:
    """The rows of a view for which a condition holds."""
    return as_monitor(host, f"select * from outbound_webhooks.{name} where {condition}", *parameters)


def an_hour_passes(host: Host) -> None:
    """As if endpoints and live deliveries had been as they are for an hour; dispatchers live on, and take nothing."""
    for table, columns in {
        "endpoints": ("state_changed_at",),
        "endpoint_flow": ("breaker_changed_at", "probe_at", "held_until", "drained_until"),
        "deliveries": ("created_at", "next_attempt_at", "leased_at", "lease_until"),
    }.items():
        changes = ", ".join(f"{column} = {column} - interval '1 hour'" for column in columns)
        host.rows(f"update outbound_webhooks.{table} set {changes}")
