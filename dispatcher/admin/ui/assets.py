"""What pages load besides themselves: the style sheet, the script, the icon. All are this package's own files."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from aiohttp import web

from dispatcher.admin.limits import RateClass
from dispatcher.admin.problems import Problem
from dispatcher.admin.routes import Open, Route
from dispatcher.admin.ui.urls import HOME, HTML, UI

_HERE = Path(__file__).parent
_FOR_A_YEAR = "public, max-age=31536000, immutable"  # a changed file has another URL


@dataclass(frozen=True)
class Asset:
    """A file, as it is sent."""

    body: bytes
    content_type: str

    @property
    def version(self) -> str:
        """Changes with it."""
        return sha256(self.body).hexdigest()[:16]


def _joined(files: Iterable[Path]) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(files))


ASSETS = {
    "ui.css": Asset(_joined((_HERE / "static").glob("*.css")), "text/css"),
    "ui.js": Asset((_HERE / "static" / "ui.js").read_bytes(), "text/javascript"),
    "icon.svg": Asset((_HERE / "static" / "icon.svg").read_bytes(), "image/svg+xml"),
}


def asset(name: str) -> str:
    """The URL of an asset."""
    return f"{UI}/static/{name}?v={ASSETS[name].version}"


async def send_asset(request: web.Request) -> web.Response:
    """An asset; which version of it is asked for does not matter."""
    found = ASSETS.get(request.match_info["name"])
    if found is None:
        raise Problem("not_found")
    is_current = request.query.get("v") == found.version
    headers = {"Cache-Control": _FOR_A_YEAR if is_current else "no-cache"}
    return web.Response(body=found.body, content_type=found.content_type, charset="utf-8", headers=headers)


async def lead_home(_: web.Request) -> web.Response:
    """To where the UI begins."""
    return web.Response(status=308, headers={"Location": HOME})


ROUTES = (
    Route("GET", UI, Open.ANYBODY, RateClass.READ, lead_home, media=HTML),
    Route("GET", f"{UI}/static/{{name:[a-z.]+}}", Open.ANYBODY, RateClass.READ, send_asset, media="text/css"),
)
