"""An OpenAPI document as a page for people: one piece of HTML, without a script."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape

from dispatcher.admin.schemas import Schema

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
nav ul { columns: 2; padding-left: 1rem; }
article { border-top: 1px solid #ccc; margin-top: 1.5rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { border: 1px solid #ddd; padding: .25rem .5rem; text-align: left; vertical-align: top; }
code { font-family: ui-monospace, monospace; background: #f3f3f3; padding: 0 .2rem; }
.about { color: #555; }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #e8e8e8; } code { background: #2a2a2a; } a { color: #8ab4f8; }
  th, td, article { border-color: #444; } .about { color: #aaa; }
}
"""
STYLE_HASH = f"sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}"  # for a Content-Security-Policy

_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "maxProperties": "at most {}",
    "pattern": "matches {}",
    "default": "if not given: {}",
}


def render(document: Schema) -> str:
    """The page."""
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = document["components"]["schemas"]
    info = document["info"]
    return "".join(
        (
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n',
            f"<title>{escape(info['title'])}: the API</title>\n",
            '<meta name="viewport" content="width=device-width">\n',
            f"<style>{_STYLE}</style>\n<h1>{escape(info['title'])}: the API</h1>\n",
            f'<p>{_prose(info["summary"])}</p>\n<p class="about">Version {escape(info["version"])};',
            ' <a href="openapi.json">openapi.json</a></p>\n',
            _contents(operations),
            *(_operation(where, operation) for where, operation in operations),
            "<h2>What comes and goes</h2>\n",
            *(_model(name, schema) for name, schema in schemas.items()),
            "</html>\n",
        )
    )


def _contents(operations: Iterable[tuple[str, Schema]]) -> str:
    lines = (
        f'<li><a href="#{escape(operation["operationId"])}"><code>{escape(where)}</code></a></li>\n'
        for where, operation in operations
    )
    return f"<nav><ul>\n{''.join(lines)}</ul></nav>\n"


def _operation(where: str, operation: Schema) -> str:
    roles = ", ".join(operation["x-roles"]) or "anybody"
    about = f"For {roles}; action `{operation['x-action']}`; limited as `{operation['x-rate-class']}`."
    return "".join(
        (
            f'<article id="{escape(operation["operationId"])}">\n<h2><code>{escape(where)}</code></h2>\n',
            f"<p>{_prose(operation['summary'])}. {_prose(operation['description'])}</p>\n",
            f'<p class="about">{_prose(about)}</p>\n',
            _table(("parameter", "in", "type", ""), map(_parameter, operation["parameters"])),
            _body(operation),
            _table(("status", "answer", ""), (_response(*each) for each in operation["responses"].items())),
            "</article>\n",
        )
    )


def _parameter(parameter: Schema) -> tuple[str, ...]:
    needed = " (needed)" if parameter.get("required") else ""
    name = f"<code>{escape(parameter['name'])}</code>{needed}"
    return name, parameter["in"], _type(parameter["schema"]), _prose(parameter.get("description", ""))


def _body(operation: Schema) -> str:
    if "requestBody" not in operation:
        return ""
    ((_, content),) = operation["requestBody"]["content"].items()
    return f"<p>The body: {_type(content['schema'])}</p>\n"


def _response(status: str, response: Schema) -> tuple[str, ...]:
    types = [_type(content["schema"]) for content in response.get("content", {}).values()]
    return escape(status), ", ".join(types), _prose(response["description"])


def _model(name: str, schema: Schema) -> str:
    fields = schema.get("properties", {}).items()
    return "".join(
        (
            f'<article id="{escape(name)}">\n<h3>{escape(name)}</h3>\n<p>{_prose(schema.get("description", ""))}</p>\n',
            f"<p>{_type(schema)}</p>\n" if not fields else "",
            _table(("field", "type", ""), (_field(field, inner, schema) for field, inner in fields)),
            "</article>\n",
        )
    )


def _field(name: str, schema: Schema, of: Schema) -> tuple[str, ...]:
    optional = "" if name in of.get("required", ()) else " (optional)"
    return f"<code>{escape(name)}</code>{optional}", _type(schema), _prose(schema.get("description", ""))


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows]
    if not lines:
        return ""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    return f"<table>\n<tr>{head}</tr>\n{''.join(lines)}</table>\n"


def _type(schema: Schema) -> str:
    """What a schema lets through, in words, as HTML."""
    limits = [
        text.format(f"<code>{escape(json.dumps(schema[name]))}</code>")
        for name, text in _LIMITS.items()
        if name in schema
    ]
    return "; ".join([" ".join(_kinds(schema)), *limits])


def _kinds(schema: Schema) -> Iterator[str]:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        yield f'<a href="#{name}">{name}</a>'
    for inner in schema.get("allOf", [])[:1]:
        yield _type(inner)
    if "anyOf" in schema:
        yield " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        yield "one of " + ", ".join(f"<code>{escape(json.dumps(value))}</code>" for value in values)
    elif schema.get("type") == "array":
        yield f"list of {_type(schema.get('items', {}))}"
    elif isinstance(schema.get("additionalProperties"), dict):
        yield f"object, each value {_type(schema['additionalProperties'])}"
    elif "type" in schema:
        yield escape(str(schema.get("format", schema["type"])))


def _prose(text: str) -> str:
    """Text, in which what stands in backticks is code; a paragraph's end stays one."""
    told = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return told.replace("\n\n", "<br>")
