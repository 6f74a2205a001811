"""Which language a page is in, and its translations."""

import gettext
import re
from collections.abc import Mapping
from pathlib import Path

from aiohttp import hdrs, web

COOKIE = "__Host-outbound_webhooks_language"
LANGUAGES: Mapping[str, str] = {"en": "English", "pt-BR": "Português (Brasil)"}
DEFAULT = "en"

_LOCALE = Path(__file__).parent / "locale"
# A part of an Accept-Language header (RFC 9110): a tag, and how much it is wanted.
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?")


def N_(text: str) -> str:  # noqa: N802  # the name that gettext's tools know
    """Mark a text that is translated where it is shown."""
    return text


def translations(language: str) -> gettext.NullTranslations:
    """The translations into one of LANGUAGES.

    Raises:
        FileNotFoundError: its catalogue is not installed.
    """
    if language == DEFAULT:
        return gettext.NullTranslations()
    return gettext.translation("ui", _LOCALE, [language.replace("-", "_")])


def language_of(request: web.Request) -> str:
    """The language that who asks has chosen, or else prefers, of those that there are."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    return preferred(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))


def preferred(header: str) -> str:
    """The one of LANGUAGES that an Accept-Language header prefers; any Portuguese is Brazilian Portuguese here."""
    best, best_quality = DEFAULT, 0.0
    for part in header[:1000].split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            continue
        found = _known(match[1])
        quality = float(match[2] or 1)
        if found is not None and quality > best_quality:
            best, best_quality = found, quality
    return best


def _known(tag: str) -> str | None:
    main = tag.lower().partition("-")[0]
    return next((language for language in LANGUAGES if language.lower().partition("-")[0] == main), None)
