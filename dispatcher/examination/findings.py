"""A finding of the doctor, whoever made it. docs/doctor.md has every code."""

from collections.abc import Iterable
from dataclasses import dataclass

SEVERITIES = ("problem", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say, with what mends it: a problem, a warning or a note."""

    severity: str
    code: str
    subject: str
    finding: str
    remedy: str


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """All of them in the order of doctor(): the worst first, and then by subject."""
    return sorted(findings, key=lambda found: (SEVERITIES.index(found.severity), found.subject, found.finding))
