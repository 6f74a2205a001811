"""The UI's translations are complete, say what the text says, and are compiled."""

import re
from collections.abc import Iterable

import pytest

from dispatcher.admin.ui.language import DEFAULT, LANGUAGES, translations
from tests.support.translations import PLURALS, compiled, folder, read, texts, updated, written

_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")


def _strings(text: str | Iterable[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or [])


def test_every_language_has_a_catalogue() -> None:
    """Those that can be chosen, but for the one that the texts are in."""
    assert {language.replace("-", "_") for language in LANGUAGES if language != DEFAULT} == PLURALS.keys()


def test_there_are_texts() -> None:
    """Those of templates and of modules are found."""
    found = {text for text in texts() if isinstance(text, str)}

    assert {"Skip to the content", "Delivered", "You are signed out."} <= found


@pytest.mark.parametrize("language", PLURALS)
def test_the_catalogue_is_that_of_the_texts(language: str) -> None:
    """`make translations` would change nothing."""
    assert (folder(language) / "ui.po").read_bytes() == written(updated(language), language)
    assert (folder(language) / "ui.mo").read_bytes() == compiled(language)


@pytest.mark.parametrize("language", PLURALS)
def test_every_text_is_translated(language: str) -> None:
    """With all that is put into it, in the singular and the plural."""
    for message in read(language):
        if not message.id:
            continue
        wanted, given = _strings(message.id), _strings(message.string)
        assert not message.fuzzy
        assert all(given), f"{message.id} has no translation"
        assert len(given) == (1 if len(wanted) == 1 else 2)
        for text in given:
            # The singular may say "one" where the plural has a number.
            held = set(_PLACEHOLDER.findall(text))
            assert held in [set(_PLACEHOLDER.findall(one)) for one in wanted], f"{message.id}: {text}"


def test_nothing_is_singular_in_portuguese() -> None:
    """0 and 1 are singular, 2 is not."""
    words = translations("pt-BR")
    one, many = "Nothing was done: one field is not valid.", "Nothing was done: %(n)s fields are not valid."

    assert words.ngettext(one, many, 0) == words.ngettext(one, many, 1) != words.ngettext(one, many, 2)
