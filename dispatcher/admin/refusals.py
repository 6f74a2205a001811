"""What the functions in the database refuse, by its SQLSTATE: each is the fault of what was asked for, not ours."""

import psycopg
from psycopg import errors

from dispatcher.admin.problems import Problem
from dispatcher.core.filters import REFUSALS

_CODES: dict[type[psycopg.Error], str] = {
    errors.NoDataFound: "not_found",
    errors.ProgramLimitExceeded: "limit_reached",
    errors.ObjectNotInPrerequisiteState: "conflict",
    errors.CheckViolation: "refused",
    errors.DatetimeFieldOverflow: "refused",
    errors.InvalidDatetimeFormat: "refused",
    errors.InvalidParameterValue: "refused",
    errors.InvalidTextRepresentation: "refused",
    errors.NullValueNotAllowed: "refused",
    errors.NumericValueOutOfRange: "refused",
    errors.StringDataRightTruncation: "refused",
}
# Of which field it is, by how the code of a refusal begins, which is its constraint.
_FIELDS = {"url_": "/url", "header_": "/headers", "endpoints_filter_": "/filter"}


def refusal(error: psycopg.Error) -> Problem | None:
    """The problem that a refusal of the database is; None: it is no refusal.

    What our functions say of one is for who asked, and repeats no secret.
    """
    code = _CODES.get(type(error))
    if code is None or _is_our_outage(error):
        return None
    if code == "not_found":  # the same of every id
        return Problem(code)
    message = (error.diag.message_primary or "").partition("\n")[0]
    constraint = error.diag.constraint_name or ""
    for beginning, path in _FIELDS.items():
        if code == "refused" and constraint.startswith(beginning):
            told = REFUSALS.get(constraint, message)
            return Problem("invalid_body", errors=[{"path": path, "message": told}])
    return Problem(code, message or None)


def _is_our_outage(error: psycopg.Error) -> bool:
    """A row for which there is no partition is a check violation, too: of no constraint, and raised by no function."""
    return (
        isinstance(error, errors.CheckViolation)
        and error.diag.constraint_name is None
        and error.diag.source_function != "exec_stmt_raise"
    )
