"""What is asked of `watch` on the command line, as the parameters of outbound_webhooks.watch()."""

import argparse
import json
import re
from collections.abc import Sequence
from typing import Any

from dispatcher.commands.session import UsageError

RULE = re.compile(
    r"(?P<verb>\w+): (?:(?P<inserted>inserted)"
    r"|(?P<changed>\w+) changed(?: to (?P<to>.+))?"
    r"|(?P<grew>\w+) grew(?: below (?P<below>\w+))?)",
    re.DOTALL,
)
RELATED = re.compile(r"(?P<name>\w+)=(?P<table>[^:]+):(?P<by>[^:]+):(?P<columns>[^:]+)")


def watch_parameters(arguments: argparse.Namespace) -> tuple[object, ...]:
    """The parameters of watch() and watch_ddl(), in their order.

    Raises:
        UsageError: an option is not understood; the message has an example of one.
    """
    rules = [_rule(text, arguments.resource) for text in arguments.rules]
    return (
        arguments.table,
        json.dumps(_pairs("--map", "PART=COLUMN", arguments.columns, bare=False)),
        arguments.resource,
        arguments.name,
        json.dumps(_pairs("--include", "[FIELD=]COLUMN", arguments.include, bare=True)),
        arguments.amounts,
        json.dumps([_related(text) for text in arguments.related]),
        json.dumps(rules) if rules else None,
        arguments.strict,
    )


def _pairs(option: str, form: str, entries: Sequence[str], *, bare: bool) -> dict[str, str]:
    """{name: column} of NAME=COLUMN; a bare COLUMN is called what it is called."""
    pairs: dict[str, str] = {}
    for entry in entries:
        name, separator, column = entry.partition("=")
        if bare and not separator:
            column = name
        if not name or not column:
            raise UsageError(f"{option} {entry}: write {form}, for example {option} clinic_id=clinicId")
        if name in pairs:
            raise UsageError(f"{option} {entry}: {name} is {pairs[name]} already")
        pairs[name] = column
    return pairs


def _rule(text: str, resource: str) -> dict[str, str]:
    found = RULE.fullmatch(text)
    if found is None:
        raise UsageError(
            f"--rule '{text}': write 'VERB: inserted', 'VERB: FIELD changed', 'VERB: FIELD changed to VALUE',"
            " 'VERB: FIELD grew' or 'VERB: FIELD grew below FIELD', for example --rule 'sent: status changed to sent'"
        )
    when = next(word for word in ("inserted", "changed", "grew") if found[word])
    rule = {"type": f"{resource}.{found['verb']}", "when": when}
    if when != "inserted":
        rule["field"] = found[when]
    return rule | {key: found[key] for key in ("to", "below") if found[key]}


def _related(text: str) -> dict[str, Any]:
    if text.startswith("{"):
        try:
            related: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise UsageError(f"--related {text}: not JSON: {error}") from error
        return related
    found = RELATED.fullmatch(text)
    if found is None:
        raise UsageError(
            f"--related {text}: write NAME=TABLE:BY:COLUMNS, for example --related offer=offers:offer_id:id,name=title,"
            ' or for a key other than id, and for amounts, JSON: \'{"name": "offer", "table": "offers",'
            ' "by": "offer_id", "key": "nr", "columns": {"price": "price_cents"}, "amounts": ["price"]}\''
        )
    columns = _pairs(f"--related {text}:", "[FIELD=]COLUMN", found["columns"].split(","), bare=True)
    return {"name": found["name"], "table": found["table"], "by": found["by"], "columns": columns}
