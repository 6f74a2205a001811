"""All routes: each module's own."""

from dispatcher.admin.api import (
    api_keys,
    audit,
    cancellations,
    capture_errors,
    deliveries,
    endpoint_states,
    endpoints,
    event_types,
    events,
    headers,
    health,
    me,
    overview,
    platform,
    portal,
    reference,
    replays,
    signing_keys,
    testing,
)
from dispatcher.admin.routes import Route
from dispatcher.admin.ui.table import PAGES

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
    *cancellations.ROUTES,
    *events.ROUTES,
    *replays.ROUTES,
    *audit.ROUTES,
    *api_keys.ROUTES,
    *platform.ROUTES,
    *capture_errors.ROUTES,
    *portal.ROUTES,
    *reference.ROUTES,
    *health.ROUTES,
    *PAGES,
)
