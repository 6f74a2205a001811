"""Arguments of watch() that make no sense: each is refused in words, never by an error from inside."""

from typing import Any

import pytest

from tests.sql import sources
from tests.support.host import Host

TABLE = """
create table things (
    id bigint primary key, clinic_id text, status payment_status, amount numeric, paid integer, note text,
    document json, documents json[], pair pair, area box, place point, price money, digits digits, flag boolean
)
"""
RULE_HINT = (
    'A rule has "type" and "when": inserted; changed, with "field" and perhaps "to"; '
    'or grew, with "field" and perhaps "below".'
)
INSERTED = {"type": "thing.made", "when": "inserted"}
NAMES = ("paid", "note", "document", "documents", "pair", "area", "place", "price", "digits", "flag")
COLUMNS_HINT = f"Its columns: id, clinic_id, status, amount, {', '.join(NAMES)}."


@pytest.fixture
def things(sandbox: Host) -> Host:
    """A host with a table that has columns of many types."""
    sandbox.rows("create type pair as (number integer, document json)")
    sandbox.rows("create domain digits as text check (value ~ '^[0-9]+$')")
    sandbox.rows(TABLE)
    return sandbox


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("null", "null"),
        (None, "null"),
        ("[1]", "array"),
        ('{"id": "id"}', "object"),
        ('"x"', "string"),
        ("5", "number"),
    ],
)
def test_another_shape(things: Host, value: str | None, shape: str) -> None:
    """Mappings are JSON objects, related rows an array."""
    for name, wanted in (("columns", "object"), ("include", "object"), ("related", "array")):
        if shape != wanted:
            error = sources.refused(things, "things", "thing", **{name: value})
            assert error.diag.message_primary == f"p_{name} must be a JSON {wanted}, not {shape}"


@pytest.mark.parametrize(
    ("table", "resource", "strict"), [(None, "thing", False), ("things", None, False), ("things", "thing", None)]
)
def test_null(things: Host, table: str | None, resource: str | None, strict: bool | None) -> None:
    """A table, a resource and strict are always needed."""
    error = sources.refused(things, table, resource, strict=strict)

    assert error.diag.message_primary == (
        "watch() needs a table, a resource, and whether to be strict; none may be null"
    )


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "<NULL>"), (5, '"5"'), ("", '""'), ({"id": 1}, '"{""id"": 1}"'), (["id"], '"[""id""]"')]
)
def test_a_column_that_is_no_name(things: Host, value: object, shown: str) -> None:
    """What is no column's name is told as such."""
    for argument, field in (("columns", "id"), ("include", "more")):
        error = sources.refused(things, "things", "thing", **{argument: {field: value}})

        assert error.diag.message_primary == f"table public.things has no column {shown} (mapped to {field})"
        assert error.diag.message_hint == COLUMNS_HINT


@pytest.mark.parametrize("field", ["", "a b", "1st", "it's", "x" * 64, "größe"])
def test_a_field_that_cannot_be_named(things: Host, field: str) -> None:
    """Fields of the payload are plain words."""
    error = sources.refused(things, "things", "thing", include={field: "note"})

    assert error.diag.message_primary == "a field cannot be named '{}': letters, digits and _ only".format(
        field.replace("'", "''")
    )


@pytest.mark.parametrize("field", ["status", "created_at", "previous"])
def test_a_field_with_the_name_of_a_part(things: Host, field: str) -> None:
    """An included field cannot stand in for a part."""
    error = sources.refused(things, "things", "thing", include={field: "note"})

    assert error.diag.message_primary == f"the included field '{field}' has the name of a part"
    assert error.diag.message_hint == "Map the part, or give the field another name."


@pytest.mark.parametrize(("amount", "shown"), [("tax", "'tax'"), ("", "''"), (None, "NULL")])
def test_an_amount_that_is_no_field(things: Host, amount: str | None, shown: str) -> None:
    """An amount has to be a field."""
    error = sources.refused(things, "things", "thing", amounts=[amount])

    assert error.diag.message_primary == f"the amount {shown} is no field of the mapping"


@pytest.mark.parametrize(("column", "type_name"), [("note", "text"), ("price", "money"), ("flag", "boolean")])
def test_an_amount_that_is_no_number(things: Host, column: str, type_name: str) -> None:
    """Text would grow by shrinking; money depends on the server's locale."""
    message = f"column {column} of public.things is of type {type_name}, and has to be a number"
    grew = {"type": "thing.grew", "when": "grew", "field": column}
    included: dict[str, Any] = {"include": {column: column}}

    for arguments in (
        {"columns": {"amount": column}},
        {"columns": {"refunded_amount": column}},
        {**included, "amounts": [column]},
        {**included, "rules": [grew]},
        {**included, "rules": [{**grew, "field": "amount", "below": column}]},
    ):
        error = sources.refused(things, "things", "thing", **arguments)

        assert error.diag.message_primary == message
        assert error.diag.message_hint == "An amount is an integer in minor units, or numeric in major units."


@pytest.mark.parametrize(
    ("column", "type_name"),
    [("document", "json"), ("documents", "json[]"), ("pair", "public.pair"), ("area", "box"), ("place", "point")],
)
def test_a_change_that_cannot_be_told(things: Host, column: str, type_name: str) -> None:
    """A type without equality, also inside arrays and rows; or with one that compares something else (boxes: areas)."""
    rule = {"type": "thing.changed", "when": "changed", "field": column}

    error = sources.refused(things, "things", "thing", include={column: column}, rules=[rule])

    assert (
        error.diag.message_primary == f"column {column} of public.things is of type {type_name}, which has no equality"
    )
    assert error.diag.message_hint == "Alter it to a type that has one (json to jsonb), or map another column."


@pytest.mark.parametrize("rules", ["null", "{}", "[]", '"x"', "5", "true"])
def test_no_rules(things: Host, rules: str) -> None:
    """Rules are an array that is not empty."""
    error = sources.refused(things, "things", "thing", rules=rules)

    assert error.diag.message_primary == "rules are a JSON array of at least one rule"


@pytest.mark.parametrize(
    "rule",
    [
        *(None, 5, "x", [], {}, True),
        {"type": "thing.made"},
        {"type": "thing.made", "when": None},
        {"type": "thing.made", "when": 5},
        {"type": "thing.made", "when": ["inserted"]},
        {"type": "thing.made", "when": "deleted"},
        {**INSERTED, "field": "status"},
        {**INSERTED, "wehn": "inserted"},
        {"type": "thing.grew", "when": "grew", "field": "paid", "to": 5},
        {"type": "thing.changed", "when": "changed", "field": "paid", "below": "amount"},
    ],
)
def test_a_rule_of_no_kind(things: Host, rule: object) -> None:
    """A rule that is none is shown, with what there could be."""
    error = sources.refused(things, "things", "thing", rules=[INSERTED, rule])

    assert str(error.diag.message_primary).startswith("rule ")
    assert str(error.diag.message_primary).endswith(" is not understood")
    assert error.diag.message_hint == RULE_HINT


@pytest.mark.parametrize(
    "event_type", [None, 5, "", "thing", "thing.", "other.made", "thing.made.twice", "thing.ma de", "thing." + "x" * 65]
)
def test_an_event_type_that_is_none(things: Host, event_type: object) -> None:
    """An event type is the resource and a verb."""
    for rule in ({"type": event_type, "when": "inserted"}, {"when": "inserted"}):
        error = sources.refused(things, "things", "thing", rules=[rule])

        assert str(error.diag.message_primary).endswith(" must be thing.verb")


def test_two_rules_of_one_type(things: Host) -> None:
    """A receiver could not tell them apart."""
    error = sources.refused(things, "things", "thing", rules=[INSERTED, INSERTED])

    assert error.diag.message_primary == "two rules have the same event type"


@pytest.mark.parametrize("field", [None, 5, "", "nope", ["status"]])
@pytest.mark.parametrize("key", ["field", "below"])
def test_a_rule_about_no_field(things: Host, key: str, field: object) -> None:
    """A rule names a field of the mapping."""
    rule = {"type": "thing.grew", "when": "grew", "field": "amount", "below": "amount", key: field}

    error = sources.refused(things, "things", "thing", rules=[rule])

    assert str(error.diag.message_primary).endswith(f' names no mapped field in "{key}"')
    assert "amount" in str(error.diag.message_hint)


@pytest.mark.parametrize(
    ("field", "to", "message", "hint"),
    [
        ("status", None, "a rule compares column status of public.things with null, which is no single value",
            '"to" is a string, a number, true or false.'),
        ("status", ["paid"], 'a rule compares column status of public.things with ["paid"], which is no single value',
            '"to" is a string, a number, true or false.'),
        ("status", "payed",
            'column status of public.things is of type public.payment_status, which has no value "payed"',
            "Its values: pending, paid, failed, refunded."),
        ("paid", "much", 'column paid of public.things is of type integer, which has no value "much"',
            "Write it as the type does."),
        ("flag", 2.5, "column flag of public.things is of type boolean, which has no value 2.5",
            "Write it as the type does."),
        ("digits", "x", 'column digits of public.things is of type public.digits, which has no value "x"',
            "Write it as the type does."),
    ],
)  # fmt: skip
def test_a_value_that_a_column_cannot_have(things: Host, field: str, to: object, message: str, hint: str) -> None:
    """A rule that could never make its event is refused: most are typing errors."""
    rule = {"type": "thing.changed", "when": "changed", "field": field, "to": to}

    error = sources.refused(things, "things", "thing", include={name: name for name in NAMES}, rules=[rule])

    assert error.diag.message_primary == message
    assert error.diag.message_hint == hint


@pytest.mark.parametrize("resource", ["", "a b", "a.b", "x" * 65, "payment_transaction"])
def test_a_resource_that_cannot_be(things: Host, resource: str) -> None:
    """Not a word, or another source's."""
    error = sources.refused(things, "things", resource)

    assert error.diag.message_primary == (
        f"the resource of public.things cannot be '{resource}': that of another source,"
        " or not a word of letters, digits and _"
    )


def test_more_fields_than_a_function_takes(things: Host) -> None:
    """json_build_object() has 100 arguments: a payload that needs more would land every change in the ledger."""
    most = 50 - len(("id", "clinic_id", "status", "amount", "previous"))

    error = sources.refused(things, "things", "thing", include={f"f{n}": "note" for n in range(most + 1)})
    sources.watch(things, "things", "thing", include={f"f{n}": "note" for n in range(most)})

    assert str(error.diag.message_primary).startswith("a payload has at most 50 fields")
