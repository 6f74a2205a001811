"""healthz: that the process answers, for a service manager or a load balancer."""

from aiohttp import web

from dispatcher.admin.api.answers import answer


async def healthz(_: web.Request) -> web.Response:
    """It answers."""
    return answer({"status": "ok"})
