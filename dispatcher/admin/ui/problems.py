"""Errors as pages; who is not signed in is led to where that is done."""

from aiohttp import web

from dispatcher.admin.deps import REQUEST_ID
from dispatcher.admin.origins import REFRESH, SAFE
from dispatcher.admin.problems import CODES, Problem
from dispatcher.admin.queries import CLINIC
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.urls import SIGN_IN, with_parameters
from dispatcher.admin.ui.wording.problems import OTHER, PROBLEMS


def problem_page(request: web.Request, problem: Problem) -> web.Response:
    """The answer to a request for a page that went wrong."""
    response = _led_on(request, problem) or _told(request, problem)
    response.headers.update(problem.headers)
    return response


def _led_on(request: web.Request, problem: Problem) -> web.Response | None:
    if REFRESH in request.headers:
        return None
    clinics = problem.members.get("clinics")
    if problem.code == "clinic_needed" and clinics and request.method in SAFE:
        location = with_parameters(request.path, {**request.query, CLINIC: clinics[0]})
    elif problem.code == "unauthenticated":
        here = with_parameters(request.path, request.query) if request.method in SAFE else None
        location = with_parameters(SIGN_IN, {"next": here})
    else:
        return None
    return web.Response(status=303, headers={"Location": location})


def _told(request: web.Request, problem: Problem) -> web.Response:
    status = CODES[problem.code][0]
    title, advice = PROBLEMS.get(problem.code, OTHER)
    return page(
        request,
        "problem.html",
        status=status,
        code=problem.code,
        title=title,
        advice=advice,
        detail=problem.detail,
        wrong=problem.errors,
        request_id=request[REQUEST_ID],
    )
