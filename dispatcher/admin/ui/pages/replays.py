"""Replays: the list of them, and how far one is; stopping it, and letting it go on."""

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from dispatcher.admin.api.answers import number_in_path
from dispatcher.admin.api.replays import ReplayQuery
from dispatcher.admin.cursors import cut
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import replays
from dispatcher.admin.operations.endpoint_names import name_endpoints
from dispatcher.admin.operations.replays import Replay
from dispatcher.admin.routes import Route, number
from dispatcher.admin.ui.forms import Invalid, inline, read_filters
from dispatcher.admin.ui.frame import done, page
from dispatcher.admin.ui.urls import HTML, UI

REPLAYS = f"{UI}/replays"


@dataclass(frozen=True)
class Progress:
    """How far a replay is.

    Attributes:
        left: how many it has not looked at yet.
        at_least: how long they take at its rate; endpoints that are slower hold it up.
    """

    skipped: int
    finished: int
    left: int
    at_least: timedelta


def progress(replay: Replay) -> Progress:
    """How far a replay is; what came to be chosen since it began may make it more than there were."""
    skipped = sum(replay.skipped.values())
    finished = min(replay.moved + skipped, replay.total)
    left = 0 if replay.state == "done" else replay.total - finished
    return Progress(skipped, finished, left, timedelta(seconds=left / replay.rate))


async def show_replays(request: web.Request) -> web.Response:
    """What each is about, and how far it is; nothing, where the filter cannot be meant."""
    filters, wrong = read_filters(request, ReplayQuery)
    deps, visit = request.app[DEPS], request[VISIT]
    (before,) = filters.after(int) or (None,)
    chosen = filters.model_dump(include={"state", "kind", "endpoint_id"})
    found: list[Replay] = []
    if not wrong:
        found = await replays.list_replays(deps.pool, visit, chosen, before, filters.limit + 1)
    shown, following = cut(found, filters.limit, lambda replay: replay.replay_id)
    return page(
        request,
        "replays/list.html",
        422 if wrong else 200,
        errors=wrong,
        filters=filters,
        replays=[(replay, progress(replay)) for replay in shown],
        names=await name_endpoints(deps.pool, visit, {one.endpoint_id for one in shown if one.endpoint_id}),
        next=following,
        is_filtered=bool(wrong) or any(chosen.values()),
    )


async def show_replay(request: web.Request) -> web.Response:
    """How far it is."""
    return await _shown(request)


async def stop(request: web.Request) -> web.Response:
    """Make nothing more due."""
    replay_id = number_in_path(request, "id")
    try:
        with inline():
            await replays.stop_replay(request.app[DEPS].pool, request[VISIT], replay_id)
    except Invalid as invalid:
        return await _shown(request, invalid.errors)
    return done(request, f"{REPLAYS}/{replay_id}", "replay.stopped")


async def resume(request: web.Request) -> web.Response:
    """Go on where it was stopped."""
    replay_id = number_in_path(request, "id")
    try:
        with inline():
            await replays.resume_replay(request.app[DEPS].pool, request[VISIT], replay_id)
    except Invalid as invalid:
        return await _shown(request, invalid.errors)
    return done(request, f"{REPLAYS}/{replay_id}", "replay.resumed")


async def _shown(request: web.Request, errors: dict[str, str] | None = None) -> web.Response:
    deps, visit = request.app[DEPS], request[VISIT]
    found = await replays.find_replay(deps.pool, visit, number_in_path(request, "id"))
    return page(
        request,
        "replays/one.html",
        422 if errors else 200,
        errors=errors or {},
        replay=found,
        progress=progress(found),
        names=await name_endpoints(deps.pool, visit, [found.endpoint_id] if found.endpoint_id else []),
    )


_ONE = f"{REPLAYS}/{number('id')}"

ROUTES = (
    Route("GET", REPLAYS, "replay.read", RateClass.READ, show_replays, media=HTML),
    Route("GET", _ONE, "replay.read", RateClass.READ, show_replay, media=HTML),
    Route("POST", f"{_ONE}/stop", "replay.stop", RateClass.WRITE, stop, media=HTML),
    Route("POST", f"{_ONE}/resume", "replay.start", RateClass.WRITE, resume, media=HTML),
)
