"""What models, the database and the audit log say is said by the pages in the language of who reads them."""

import pytest

from dispatcher.admin.ui.language import translations
from dispatcher.admin.ui.sentences import Said
from dispatcher.admin.ui.wording.wrong import HEADER_REASONS
from dispatcher.core.filters import REFUSALS
from dispatcher.core.headers import REFUSED
from dispatcher.core.model import Note
from dispatcher.core.url import UrlPolicy, url_refusal

SAID = Said(translations("pt-BR"))
URLS = [
    "https://clinic.example/" + "x" * 3000,
    "https://clinic.example/é",
    "http://clinic.example/",
    "https://me:secret@clinic.example/",
    "https://clinic.example/#part",
    "https://clinic..example/",
    "https://receiver.internal/",
    "https://127.0.0.1/",
    "https://clinic.example:22/",
]


@pytest.mark.parametrize("url", URLS)
def test_a_url(url: str) -> None:
    """With its hint, as a model says it, and without, as the database does."""
    refusal = url_refusal(url, UrlPolicy())
    assert refusal is not None

    said = SAID.wrong(refusal.message)

    assert said != refusal.message
    assert SAID.wrong(f"{refusal.message}. {refusal.hint}") == said


def test_a_header() -> None:
    """Each reason that there is."""
    assert {reason for _, reason in REFUSED.values()} == set(HEADER_REASONS)
    assert "date não pode" in SAID.wrong(f"the header date cannot be set: {HEADER_REASONS[-1]}")


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_filter(refusal: str) -> None:
    """Each refusal that there is."""
    assert SAID.wrong(refusal) != refusal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Input should be greater than or equal to 1", "O mínimo é 1."),
        ("List should have at most 100 items after validation, not 101", "No máximo 100 itens."),
        ("endpoint 7 of delivery 12 is paused", "O endpoint está pausado. Retome-o: isso envia o que está retido."),
        ("This has to be later than the beginning.", "O fim precisa ser posterior ao início."),
        ("what nobody foresaw", "what nobody foresaw"),
    ],
)
def test_others(text: str, said: str) -> None:
    """By its pattern, by its words, or as it is."""
    assert SAID.wrong(text) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("signing key 7 of endpoint 3", "chave de assinatura 7 do endpoint 3"),
        ("portal session 5 of API key 2", "sessão 5 da chave de API 2"),
        ("Dr. endpoint 3", "Dr. endpoint 3"),
    ],
)
def test_names(name: str, said: str) -> None:
    """Those that we made; what others are called stays."""
    assert SAID.name(name) == said


def test_notes() -> None:
    """Each that there is, of ours and of the database."""
    notes = ["late", *Note]

    assert len({*SAID.notes(", ".join(notes)), *notes}) == 2 * len(notes)


def test_descriptions() -> None:
    """Those of event types that we wrote; what a host wrote stays."""
    grown = "refunded_amount of a payment grew and is below amount; data.previous has what it was."

    assert SAID.description(grown).startswith("payment: refunded_amount aumentou e é menor que amount;")
    assert SAID.description("An invoice is overdue.") == "An invoice is overdue."
