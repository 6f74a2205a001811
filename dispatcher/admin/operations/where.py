"""Conditions of a list: those alone that are asked for, so that the plan is made for them and for nothing else."""

from collections.abc import Mapping
from typing import LiteralString


def where(conditions: Mapping[str, LiteralString], chosen: Mapping[str, object]) -> LiteralString:
    """A `where` of the conditions whose value is chosen: there, and not None.

    Args:
        conditions: SQL by the name of the parameter in it.
    """
    asked: list[LiteralString] = [text for name, text in conditions.items() if chosen.get(name) is not None]
    return " where " + " and ".join(asked) if asked else ""
