"""Answering with a page: its template, what every template knows, and the headers of a page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web

from dispatcher.admin.deps import DEPS, VISIT, now_of
from dispatcher.admin.origins import SAFE
from dispatcher.admin.ui.assets import asset
from dispatcher.admin.ui.forms import Form
from dispatcher.admin.ui.language import LANGUAGES, language_of, translations
from dispatcher.admin.ui.numbers import Numbers
from dispatcher.admin.ui.sentences import Said
from dispatcher.admin.ui.urls import HOME, clinic_named, url, with_parameters
from dispatcher.admin.ui.wording import words_of_templates
from dispatcher.admin.ui.wording.done import DONE

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    # With no-referrer, browsers send forms with `Origin: null`: those without Sec-Fetch-Site would be refused.
    "Referrer-Policy": "same-origin",
    "Vary": "Cookie, Accept-Language",
}
_ENVIRONMENTS = {language: web.AppKey(f"templates_{language}", jinja2.Environment) for language in LANGUAGES}


def set_up(app: web.Application) -> None:
    """Give an application the templates, once for each language."""
    now = app[DEPS].now
    for language, key in _ENVIRONMENTS.items():
        words = translations(language)
        environment = aiohttp_jinja2.setup(
            app,
            app_key=key,
            loader=jinja2.PackageLoader("dispatcher.admin.ui"),
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]  # the extension's
        environment.filters |= Numbers(language, words, lambda: datetime.fromtimestamp(now(), UTC)).filters()
        environment.filters |= Said(words).filters()
        environment.filters["words"] = words.gettext  # of a code, or of an error: nothing is put into it
        environment.globals |= {"asset": asset, "language": language, "languages": LANGUAGES, **words_of_templates()}


def page(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    """A page, in the language of who asks.

    Args:
        template: its file, below templates/.
        context: what the template has to know beside what all of them do.
    """
    response = aiohttp_jinja2.render_template(
        template, request, {**_frame(request), **context}, app_key=_ENVIRONMENTS[language_of(request)], status=status
    )
    response.headers.update(HEADERS)
    return response


def done(request: web.Request, path: str, what: str | None = None, **parameters: object) -> web.Response:
    """Lead on to a path of ours, which says what was done: one of DONE."""
    assert what is None or what in DONE
    return web.Response(status=303, headers={"Location": url(request, path, **parameters, done=what)})


def _frame(request: web.Request) -> Mapping[str, Any]:
    """What every template knows."""
    visit = request.get(VISIT)

    def link(path: str, **parameters: object) -> str:
        return url(request, path, **parameters)

    def here(**changes: object) -> str:
        """This page with other parameters; None: without it. What answered a form need not have a page of its own."""
        if request.method not in SAFE:
            return link(HOME)
        kept = {name: value for name, value in request.query.items() if name != "done"}
        return with_parameters(request.path, {**kept, **changes})

    return {
        "visit": visit,
        "may": visit.may if visit else lambda _: False,
        "url": link,
        "here": here,
        "path": request.path,
        "can_refresh": request.method in SAFE,  # what answered a form cannot be asked for again
        "query": request.query,
        "clinic_named": clinic_named(request),
        "section": request.path.removeprefix(HOME).partition("/")[0],
        "now": now_of(request),
        "done": DONE.get(request.query.get("done", "")),
        "form": Form(),
        "errors": {},
    }
