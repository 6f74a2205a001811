"""What the database says in words of its own, as the pages say it: read by its code or its pattern, in one language."""

import gettext
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from dispatcher.admin.operations.explaining import Explanation
from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.wording.event_types import DESCRIPTIONS
from dispatcher.admin.ui.wording.explanations import EXPLANATIONS, Sentences
from dispatcher.admin.ui.wording.names import NAMES
from dispatcher.admin.ui.wording.reasons import KEPT, NOTES, OBSTACLES, REASONS
from dispatcher.admin.ui.wording.states import ERROR_CLASSES
from dispatcher.admin.ui.wording.wrong import WRONG

_ANSWERED = N_("Answered with %(status)s")


class Tried(Protocol):
    """A delivery or an attempt: how it failed last."""

    @property
    def error_class(self) -> str | None:
        """Null: it did not fail."""

    @property
    def http_status(self) -> int | None:
        """Null: there was no answer."""


class Said:
    """Says it in one language; the names of its methods are those of the templates' filters."""

    def __init__(self, words: gettext.NullTranslations) -> None:
        self._words = words

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by their names."""
        return {
            "explained": self.explained,
            "reason": self.reason,
            "kept": self.kept,
            "failure": self.failure,
            "failed_with": self.failed_with,
            "notes": self.notes,
            "obstacle": self.obstacle,
            "wrong": self.wrong,
            "name": self.name,
            "description": self.description,
        }

    def explained(self, line: Explanation) -> str:
        """A line of explain() as a sentence."""
        return self._said(EXPLANATIONS.get(line.code, ()), line.words) or line.words

    def reason(self, text: str) -> str:
        """Why a delivery is dead or cancelled, or an endpoint disabled, as a part of a sentence."""
        return self._said(REASONS, text) or text

    def kept(self, text: str) -> str:
        """Why a delivery is parked, as a part of a sentence."""
        return self._of(KEPT, text)

    def failure(self, tried: Tried) -> str:
        """How something failed last; '': it did not."""
        if tried.error_class is None:
            return ""
        return self._failure(tried.error_class, tried.http_status)

    def failed_with(self, text: str) -> str:
        """How an endpoint's last attempt failed, from the text of its class and its status: "http_status 503"."""
        error_class, _, status = text.partition(" ")
        return self._failure(error_class, status)

    def notes(self, text: str | None) -> list[str]:
        """The remarks on an attempt, each as a sentence."""
        return [self._of(NOTES, one) for one in (text or "").split(", ") if one]

    def obstacle(self, text: str) -> str:
        """Why a replay left deliveries as they are."""
        return self._of(OBSTACLES, text)

    def wrong(self, text: str) -> str:
        """What is wrong with what was asked for: of a field, or of all of it."""
        return self._said(WRONG, text) or self._words.gettext(text)

    def name(self, text: str) -> str:
        """Who did something, or what it was done to, by a name of ours; any other stays as it is."""
        return self._said(NAMES, text) or text

    def description(self, text: str) -> str:
        """What an event type tells of; what a host wrote itself stays as it is."""
        return self._said(DESCRIPTIONS, text) or text

    def _said(self, sentences: Sentences, words: str) -> str | None:
        """The sentence whose pattern fits; None: there is none."""
        found = _find(sentences, words)
        if found is None:
            return None
        text, values = found
        return self._words.gettext(text) % {name: self._value(name, value) for name, value in values.items()}

    def _of(self, mapping: Mapping[str, str], code: str) -> str:
        return self._words.gettext(mapping[code]) if code in mapping else code

    def _failure(self, error_class: str, status: object) -> str:
        if error_class == "http_status":
            return self._words.gettext(_ANSWERED) % {"status": status}
        return self._of(ERROR_CLASSES, error_class)

    def _value(self, name: str, value: str) -> str:
        match name:
            case "reason":
                return self.reason(value)
            case "kept":
                return self.kept(value)
            case "why":
                return self._words.gettext(value)
            case "failure":
                return self.failed_with(value)
        return value


def _find(sentences: Sentences, words: str) -> tuple[str, dict[str, str]] | None:
    """The first sentence whose pattern fits, with what the words tell."""
    for pattern, text in sentences:
        if pattern is None:
            return text, {}
        if match := re.fullmatch(pattern, words, re.DOTALL):
            return text, match.groupdict()
    return None
