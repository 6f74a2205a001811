"""The catalogues of the UI's translations: made from its texts, and compiled.

    python -m tests.support.translations

writes each language's catalogue anew: texts that are gone go, new ones come without a translation.
"""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

UI = Path(__file__).parents[2] / "dispatcher" / "admin" / "ui"
# By language, as gettext asks for it. In Portuguese, 0 is singular.
PLURALS = {"pt_BR": "nplurals=2; plural=(n > 1);"}

_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext.babel_extract")]
# As frame.py sets templates up: which spaces a text has depends on it.
_OPTIONS = {
    "templates/**.html": {
        "extensions": "jinja2.ext.do",
        "newstyle_gettext": "true",
        "lstrip_blocks": "true",
        "silent": "false",
        "trim_blocks": "true",
        "trimmed": "false",
    }
}
_KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}


def texts() -> Iterator[str | tuple[str, ...]]:
    """Every text of the UI that is translated; a tuple: in the singular and the plural."""
    for message, _ in _texts_with_contexts():
        yield message


def _texts_with_contexts() -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    """A context tells texts apart that are one in English; most have none."""
    for _, _, message, _, context in extract_from_dir(UI, _METHODS, _OPTIONS, _KEYWORDS, strip_comment_tags=True):
        yield message, context


def folder(language: str) -> Path:
    """Where the catalogues of a language are."""
    return UI / "locale" / language / "LC_MESSAGES"


def read(language: str) -> Catalog:
    """The catalogue as it stands."""
    with (folder(language) / "ui.po").open("rb") as file:
        return read_po(file, locale=language, domain="ui")


def updated(language: str) -> Catalog:
    """The catalogue of all texts, with the translations that it has."""
    old = read(language)
    new = read_po(io.BytesIO(_head(language)), locale=language, domain="ui")
    for text, context in _texts_with_contexts():
        found = old.get(text if isinstance(text, str) else text[0], context)
        new.add(text, found.string if found is not None else None, context=context)
    return new


def _head(language: str) -> bytes:
    return (
        f'# The UI in {language}. make translations writes it.\nmsgid ""\nmsgstr ""\n"Language: {language}\\n"\n'
        f'"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {PLURALS[language]}\\n"\n\n'
    ).encode()


def written(catalogue: Catalog, language: str) -> bytes:
    """A catalogue as text: the same whenever it is made."""
    out = io.BytesIO()
    write_po(out, catalogue, width=110, no_location=True, omit_header=True, sort_output=True)
    return _head(language) + out.getvalue()


def compiled(language: str) -> bytes:
    """A catalogue as the program reads it."""
    catalogue = read(language)
    catalogue.creation_date = catalogue.revision_date = datetime.fromtimestamp(0, UTC)
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def main() -> None:
    """Write them."""
    for language in PLURALS:
        (folder(language) / "ui.po").write_bytes(written(updated(language), language))
        (folder(language) / "ui.mo").write_bytes(compiled(language))
        missing = sum(1 for message in read(language) if message.id and not any(_strings(message.string)))
        print(f"{language}: {missing} texts without a translation")


def _strings(string: object) -> list[str]:
    return list(string) if isinstance(string, (list, tuple)) else [str(string or "")]


if __name__ == "__main__":
    main()
