"""Which language a page is in, and how it writes numbers and times."""

import gettext
from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.admin.ui.language import preferred, translations
from dispatcher.admin.ui.numbers import Numbers, iso, moment

NOW = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("pt-BR,pt;q=0.9,en-US;q=0.8", "pt-BR"),
        ("pt", "pt-BR"),
        ("PT-pt", "pt-BR"),
        ("en-GB,pt-BR;q=0.9", "en"),
        ("de, pt;q=0.3", "pt-BR"),
        ("pt;q=0, en;q=0.1", "en"),
        ("*", "en"),
        ("pt;q=2, garbage\x00;;;", "en"),
        ("," * 100_000, "en"),
    ],
)
def test_the_language_that_is_preferred(header: str, language: str) -> None:
    """Of those that there are; what cannot be read is passed over."""
    assert preferred(header) == language


def numbers(language: str = "en") -> Numbers:
    """As the pages of a language have them."""
    return Numbers(language, translations(language), lambda: NOW)


def test_numbers() -> None:
    """As each language writes them."""
    assert [numbers(language).number(1234567.891, 1) for language in ("en", "pt-BR")] == ["1,234,567.9", "1.234.567,9"]


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (1, "100%"), (0.9999, "99.9%"), (0.00001, "0.1%"), (0.5, "50.0%"), (0.005, "0.5%")]
)
def test_percent(share: float, text: str) -> None:
    """Neither all nor nothing is said of what is not."""
    assert numbers().percent(share) == text


DURATIONS = {
    0: "0 s", 1.25: "1.2 s", 9.97: "9 s", 59.9: "59 s", 60: "1 min", 3600: "1 h", 12000: "3 h 20 min",
    90000: "1 d 1 h", 864000: "10 d",
}  # fmt: skip


@pytest.mark.parametrize(("seconds", "text"), DURATIONS.items())
def test_durations(seconds: float, text: str) -> None:
    """In one or two units."""
    assert numbers().duration(seconds) == numbers().duration(timedelta(seconds=seconds)) == text


def test_sizes_and_milliseconds() -> None:
    """Each in the unit that people read."""
    assert [numbers().size(count) for count in (0, 999, 1024, 1_500_000)] == ["0 B", "999 B", "1.0 KB", "1.4 MB"]
    assert [numbers().milliseconds(count) for count in (85, 1200)] == ["85 ms", "1.2 s"]


AGO = {0: "now", -180: "3 min ago", 300: "in 5 min", -7300: "2 h ago", -90_000: "25 h ago", -190_000: "2 d ago"}


@pytest.mark.parametrize(("ahead", "text"), AGO.items())
def test_how_long_ago(ahead: float, text: str) -> None:
    """What was, and what will be, to one unit."""
    assert numbers().ago(NOW + timedelta(seconds=ahead)) == text


def test_moments() -> None:
    """In UTC, for people and for machines."""
    assert (moment(NOW), iso(NOW)) == ("2026-03-02 09:00:00 UTC", "2026-03-02T09:00:00.000Z")


def test_english_needs_no_catalogue() -> None:
    """The texts are in it."""
    assert type(translations("en")) is gettext.NullTranslations
