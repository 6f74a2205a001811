"""What stands behind the question mark of a URL: parameters, each of them known, and there once.

One that nobody reads is refused: where a filter is misspelt, the answer would hold more than what was asked for.
"""

from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dispatcher.admin.cursors import read_cursor
from dispatcher.admin.problems import Problem
from dispatcher.admin.values import Digits, is_text
from dispatcher.admin.wrong import described

CLINIC = "clinic_id"  # the middlewares read it
MOST_ROWS = 200


class Query(BaseModel):
    """Parameters that a route knows besides clinic_id."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Query):
    """Parameters of a list: how many rows at most, and after which one."""

    limit: Annotated[int, Field(ge=1, le=MOST_ROWS, description="How many at most."), Digits] = 50
    cursor: Annotated[str, Field(max_length=1000)] | None = Field(
        None, description="`next` of the answer before, for what follows."
    )

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """The values of the cursor, one of each of these types; None: the list is read from its beginning.

        Raises:
            Problem: it is no cursor of such a list.
        """
        return None if self.cursor is None else read_cursor(self.cursor, *types)


Model = TypeVar("Model", bound=Query)


def read_query(request: web.Request, model: type[Model]) -> Model:
    """Read the parameters of a request.

    Raises:
        Problem: they are not these; every one that is wrong is named.
    """
    query = request.query
    names = query.keys() - {CLINIC}
    wrong = [
        {"path": f"/{name}" if is_text(name) else "/", "message": "must be there once, as text without NUL"}
        for name in sorted(names)
        if len(query.getall(name)) > 1 or not is_text(name) or not is_text(query[name])
    ]
    try:
        found = model.model_validate({name: query[name] for name in names})
    except ValidationError as error:
        wrong += described(error)
    if wrong:
        raise Problem("invalid_parameter", errors=wrong)
    return found
