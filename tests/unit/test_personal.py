"""The scanner of payloads finds card numbers, security codes, CPF and CNPJ, and nothing else."""

import pytest

from tests.support.personal import findings

# Made up, with valid check digits.
CARD = "4111 1111 1111 1111"
CPF = "529.982.247-25"
CNPJ = "11.222.333/0001-81"


@pytest.mark.parametrize(
    "value",
    [
        *(CARD, CARD.replace(" ", ""), CARD.replace(" ", "-"), int(CARD.replace(" ", "")), f"paid with {CARD}."),
        *("5555555555554444", "378282246310005", "6011111111111117", "4222222222222"),
        *(CPF, "52998224725", 52998224725, f"CPF {CPF}", "111.444.777-35"),
        *(CNPJ, "11222333000181", 11222333000181),
    ],
)
def test_what_the_scanner_finds(value: object) -> None:
    """Written as people and programs write them, anywhere in a document."""
    assert len(findings({"data": [{"note": value}]})) == 1


@pytest.mark.parametrize(
    "value",
    [
        *("4111 1111 1111 1112", "529.982.247-26", "11.222.333/0001-82", "000.000.000-00", "0000000000000000"),
        *("2026-01-31T12:00:00.123456Z", "00000000-0000-4000-8000-000000000001", 14900, "BRL", "", None, True, 123),
    ],
)
def test_what_the_scanner_passes_over(value: object) -> None:
    """Wrong check digits, times, ids, amounts."""
    assert findings({"data": [{"note": value}]}) == []


@pytest.mark.parametrize("name", ["cvv", "CVV2", "cardCvc", "security_code", "securityCode"])
def test_security_codes_are_found_by_name(name: str) -> None:
    """Three or four digits are one only where they are called so."""
    assert findings({name: "123"}) == ["security code 123"]
    assert findings({name: 1234}) == ["security code 1234"]
    assert findings({name: "matched"}) == []
