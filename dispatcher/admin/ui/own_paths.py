"""Where a form may lead on to: a page of ours, and nothing that a link from elsewhere made up."""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from dispatcher.admin.queries import CLINIC
from dispatcher.admin.ui.urls import HOME
from dispatcher.core.identity import is_name

LONGEST = 2000

# Visible ASCII without the backslash, which browsers read as a slash.
_OWN = re.compile(rf"{HOME}[!-\[\]-~]*", re.ASCII)


def own_path(text: str) -> str:
    """A path of the UI with its parameters, as it is; HOME, if it is anything else.

    It begins with one slash, so that no host stands in it; and without `.` and `..`, also not as `%2e`, which browsers
    take out of a path, it stays below HOME.
    """
    segments = unquote(text.partition("?")[0]).split("/")
    is_own = len(text) <= LONGEST and _OWN.fullmatch(text) is not None and not {".", ".."} & set(segments)
    return text if is_own else HOME


def clinic_in(path: str) -> str | None:
    """The clinic that a path's parameters name; None: none."""
    named = dict(parse_qsl(urlsplit(path).query)).get(CLINIC)
    return named if is_name(named) else None
