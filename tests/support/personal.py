"""Finds what no payload may hold: card numbers, security codes, personal document numbers (Brazil's CPF and CNPJ)."""

import re
from collections.abc import Iterator

CARD = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])")
CPF = re.compile(r"(?<!\d)\d{3}\.?\d{3}\.?\d{3}-?\d{2}(?!\d)")
CNPJ = re.compile(r"(?<!\d)\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}(?!\d)")
CODE_NAME = re.compile(r"cvv|cvc|cvn|csc|security_?code|verification", re.IGNORECASE)
CODE = re.compile(r"\d{3,4}")


def findings(value: object, name: str = "") -> list[str]:
    """What a JSON document holds of these, wherever it is."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in findings(inner, str(key))]
    if isinstance(value, list):
        return [found for inner in value for found in findings(inner, name)]
    if value is None or isinstance(value, bool):
        return []
    return list(_in_text(str(value), name))


def _in_text(text: str, name: str) -> Iterator[str]:
    for kind, pattern, is_valid in (("card", CARD, _is_card), ("CPF", CPF, _is_cpf), ("CNPJ", CNPJ, _is_cnpj)):
        for found in pattern.findall(text):
            digits = [int(digit) for digit in found if digit.isdigit()]
            if len(set(digits)) > 1 and is_valid(digits):
                yield f"{kind} {found}"
    if CODE_NAME.search(name) and CODE.fullmatch(text):
        yield f"security code {text}"


def _is_card(digits: list[int]) -> bool:
    """Luhn: every second digit from the right is doubled."""
    doubled = [digit if n % 2 == 0 else sum(divmod(2 * digit, 10)) for n, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _is_cpf(digits: list[int]) -> bool:
    return all(_check_digit(digits[:n], range(n + 1, 1, -1)) == digits[n] for n in (9, 10))


def _is_cnpj(digits: list[int]) -> bool:
    weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]
    return all(_check_digit(digits[:n], weights[13 - n :]) == digits[n] for n in (12, 13))


def _check_digit(digits: list[int], weights: "range | list[int]") -> int:
    """Modulo 11, as both documents have it."""
    rest = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest
