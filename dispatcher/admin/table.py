"""All routes."""

from dispatcher.admin.api import api_keys, exchange, health, me, portal
from dispatcher.admin.limits import RateClass
from dispatcher.admin.routes import Open, Route

API = "/api/webhooks"
_CODE = "/portal/{code:[A-Za-z0-9_-]{43}}"

ROUTES = (
    Route("GET", f"{API}/me", Open.SOMEBODY, RateClass.READ, me.show_me),
    Route("GET", f"{API}/api-keys", "api_key.read", RateClass.READ, api_keys.list_api_keys),
    Route("POST", f"{API}/api-keys", "api_key.issue", RateClass.WRITE, api_keys.create_api_key),
    Route("DELETE", f"{API}/api-keys/{{id:[0-9]{{1,19}}}}", "api_key.revoke", RateClass.WRITE, api_keys.revoke_api_key),
    Route("POST", f"{API}/portal-sessions", "portal_session.issue", RateClass.PORTAL, portal.create_portal_session),
    Route("POST", f"{API}/logout", Open.SOMEBODY, RateClass.WRITE, portal.log_out),
    Route("GET", _CODE, Open.ANYBODY, RateClass.LOGIN, exchange.show_exchange),
    Route("POST", _CODE, Open.ANYBODY, RateClass.LOGIN, exchange.exchange),
    Route("GET", "/portal/open.js", Open.ANYBODY, RateClass.READ, exchange.send_script),
    Route("GET", "/healthz", Open.ANYBODY, RateClass.READ, health.healthz),
)
