"""Paths of the UI, with the clinic that a page is about."""

from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web

from dispatcher.admin.deps import VISIT
from dispatcher.admin.queries import CLINIC

UI = "/ui"
HOME = f"{UI}/"
SIGN_IN = f"{UI}/sign-in"
HTML = "text/html"


def url(request: web.Request, path: str, **parameters: object) -> str:
    """A path of ours with parameters (None and '': left out), and the clinic where the visit has to name it."""
    return with_parameters(path, {**clinic_named(request), **parameters})


def with_parameters(path: str, parameters: Mapping[str, object]) -> str:
    """A path with parameters; None and '' are left out."""
    given = {name: str(value) for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def clinic_named(request: web.Request) -> dict[str, str]:
    """The parameter that names the clinic of a visit, where who visits could mean another one."""
    visit = request.get(VISIT)
    if visit is None or visit.clinic_id is None:
        return {}
    is_needed = visit.principal.is_operator or len(visit.principal.roles) > 1
    return {CLINIC: visit.clinic_id} if is_needed else {}


def is_page(request: web.Request) -> bool:
    """Whether a request asks for something of the UI, by its path."""
    return request.path == UI or request.path.startswith(HOME)
