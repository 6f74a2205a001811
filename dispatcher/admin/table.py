"""All routes: each module's own."""

from dispatcher.admin.api import (
    api_keys,
    audit,
    deliveries,
    endpoint_states,
    endpoints,
    event_types,
    events,
    exchange,
    headers,
    health,
    me,
    overview,
    portal,
    reference,
    replays,
    signing_keys,
    testing,
)
from dispatcher.admin.routes import Route

ROUTES: tuple[Route, ...] = (
    *me.ROUTES,
    *overview.ROUTES,
    *event_types.ROUTES,
    *endpoints.ROUTES,
    *endpoint_states.ROUTES,
    *signing_keys.ROUTES,
    *headers.ROUTES,
    *testing.ROUTES,
    *deliveries.ROUTES,
    *events.ROUTES,
    *replays.ROUTES,
    *audit.ROUTES,
    *api_keys.ROUTES,
    *portal.ROUTES,
    *exchange.ROUTES,
    *reference.ROUTES,
    *health.ROUTES,
)
