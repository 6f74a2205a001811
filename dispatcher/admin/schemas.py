"""JSON Schemas of what comes and goes, as an OpenAPI document holds them: each model once, by its name."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from dispatcher.admin.queries import Query

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]

_REFERENCE = "#/components/schemas/{model}"


class _Untitled(GenerateJsonSchema):
    """Without a title for each field, which would be its name again."""

    def field_title_should_be_set(self, _: Any) -> bool:
        """Never."""
        return False


class Schemas:
    """The schemas of a document."""

    def __init__(self) -> None:
        self._shared: dict[str, Schema] = {}

    def shared(self) -> dict[str, Schema]:
        """Those that others refer to, by name."""
        return dict(sorted(self._shared.items()))

    def of(self, model: Any, mode: Mode) -> Schema:
        """The schema of a type: a reference, if it is a class with fields.

        Raises:
            ValueError: two that differ have the same name.
        """
        schema = self._made(model, mode)
        if "properties" not in schema:
            return schema
        self._share(model.__name__, schema)
        return {"$ref": _REFERENCE.format(model=model.__name__)}

    def parameters(self, model: type[Query]) -> Iterator[Schema]:
        """The parameters of a URL that a model reads."""
        schema = self._made(model, "validation")
        for name, found in schema.get("properties", {}).items():
            told = {"description": found.pop("description")} if "description" in found else {}
            is_required = name in schema.get("required", ())
            yield {"name": name, "in": "query", "required": is_required, "schema": _without_null(found), **told}

    def _made(self, model: Any, mode: Mode) -> Schema:
        adapter: TypeAdapter[Any] = TypeAdapter(model)
        schema = adapter.json_schema(mode=mode, ref_template=_REFERENCE, schema_generator=_Untitled)
        for name, inner in schema.pop("$defs", {}).items():
            self._share(name, inner)
        return schema

    def _share(self, name: str, schema: Schema) -> None:
        if self._shared.setdefault(name, schema) != schema:
            raise ValueError(f"two schemas are called {name}")


def _without_null(schema: Schema) -> Schema:
    """A URL has no null: a parameter is there or not."""
    kept = [inner for inner in schema.get("anyOf", []) if inner != {"type": "null"}]
    others = {name: value for name, value in schema.items() if name != "anyOf" and (name, value) != ("default", None)}
    if len(kept) == 1:
        return {**kept[0], **others}
    return {**others, "anyOf": kept} if kept else others
