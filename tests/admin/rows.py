"""What two clinics have, one of each thing, and requests for it: for tests of who reaches what."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from dispatcher.admin.routes import API, Route, parameters, plain
from tests.sql.clinics import Things, populate, rows_of
from tests.support import postgres
from tests.support.host import Host

OWN = "clinic-a"
# Whoever is not of this clinic never sees its name: its rows have it in them.
FOREIGN = "clinic-of-others"


@dataclass(frozen=True)
class Rows:
    """Ids of what a clinic has."""

    clinic: str
    things: Things
    capture_error: int
    api_key: int = 0

    def of_path(self) -> Mapping[str, object]:
        """The ids by what stands before them in a path, and the clinic's own."""
        return {
            "clinic": self.clinic,
            "api-keys": self.api_key,
            "capture-errors": self.capture_error,
            "endpoints": self.things.endpoint,
            "secrets": self.things.secret,
            "keys": self.things.secret,  # as the pages call them
            "deliveries": self.things.delivery,
            "events": self.things.event,
            "replays": self.things.replay,
        }


NOBODY = 2**62
NOBODYS = Rows(
    "clinic-of-nobody", Things(NOBODY, NOBODY, NOBODY, "01900000-0000-7000-8000-000000000000", NOBODY), NOBODY, NOBODY
)


def make_rows(host: Host, clinic: str) -> Rows:
    """Make one of each thing but an API key, which the tests make anew each time."""
    things = populate(host, clinic)
    host.rows("update outbound_webhooks.endpoints set description = %s where id = %s", f"of {clinic}", things.endpoint)
    found = host.value("select max(id) from outbound_webhooks.capture_errors where clinic_id = %s", clinic)
    return Rows(clinic, things, int(str(found)))


TABLES = (
    "endpoints", "endpoint_flow", "endpoint_secrets", "endpoint_headers", "deliveries", "finished_deliveries",
    "replays", "events", "attempts", "api_keys", "capture_errors",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """A database with two clinics in it."""

    host: Host
    own: Rows
    foreign: Rows

    def theirs(self) -> dict[str, list[str]]:
        """All that the other clinic has."""
        return {table: rows_of(self.host, table, FOREIGN) for table in TABLES}


@contextmanager
def two_clinics(server: postgres.TestServer) -> Iterator[World]:
    """A database in which both clinics have one of each thing."""
    with postgres.database(server) as url, closing(Host(url)) as host:
        host.rows("update outbound_webhooks.settings set max_endpoints_per_clinic = 1000")  # each test makes some
        yield World(host, make_rows(host, OWN), make_rows(host, FOREIGN))


def with_key(rows: Rows, key: str) -> Rows:
    """The rows, and an API key (`owk_12_...`)."""
    return replace(rows, api_key=int(key.split("_")[1]))


def path_of(route: Route, rows: Rows = NOBODYS) -> str:
    """A path that the route takes, about what a clinic has."""
    path = plain(route.path)
    for name, pattern in parameters(route.path).items():
        thing = path.partition(f"/{{{name}}}")[0].rpartition("/")[2]
        value = "A" * 43 if name == "code" else rows.of_path()[thing]
        assert pattern
        path = path.replace(f"{{{name}}}", str(value))
    return path


# A body that each route with a body takes, with ids in it wherever it can have one: by method and plain path after the
# prefix. What stands in braces is one of of_path().
BODIES: dict[str, dict[str, Any]] = {
    "POST /endpoints": {"url": "https://clinic.example/webhooks"},
    "PATCH /endpoints/{id}": {"description": "changed"},
    "POST /endpoints/{id}/pause": {"reason": "a test"},
    "POST /endpoints/{id}/resume": {},
    "POST /endpoints/{id}/rotate-secret": {},
    "POST /endpoints/{id}/headers": {"headers": {"x-team": "till"}},
    "POST /api-keys": {"role": "manager"},
    "POST /deliveries/{id}/cancel": {"reason": "not wanted any more"},
    "POST /test": {"endpoint_id": "{endpoints}"},
    "POST /portal-sessions": {"user": "ana", "clinics": {"{clinic}": "manager"}},
    "POST /replays": {"endpoint_id": "{endpoints}"},
    "POST /platform/switches/capture": {"is_on": True, "reason": "a test"},
    "POST /platform/switches/delivery": {"is_on": True, "reason": "a test"},
    "POST /recaptures": {"capture_error_id": "{capture-errors}"},
    "POST /cancellations": {"endpoint_id": "{endpoints}", "reason": "not wanted any more"},
}


# What a page needs to be asked with, in its URL or its form.
FORMS: dict[str, dict[str, str]] = {"/ui/operations/switch": {"switch": "delivery", "to": "on", "reason": "a test"}}


def asked(route: Route) -> str:
    """How a route is called in BODIES."""
    return f"{route.method} {plain(route.path).removeprefix(API)}"


def body_of(route: Route, rows: Rows) -> object:
    """A body that the route takes, about what a clinic has; None: it takes none."""
    if route.body is None:
        return None
    return _filled(BODIES[asked(route)], rows)


def _filled(value: Any, rows: Rows) -> Any:
    if isinstance(value, dict):
        return {_filled(name, rows): _filled(inner, rows) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, rows) for inner in value]
    if isinstance(value, str) and value.startswith("{"):
        return rows.of_path()[value.strip("{}")]
    return value
