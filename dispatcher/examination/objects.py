"""Are the functions and grants in the database those of this program's files?

The fingerprint says which files were loaded; what somebody changed by hand since, only the catalog says.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

from dispatcher.examination.findings import Finding

MIGRATE = "outbound-webhooks migrate"

_NAME = re.compile(r"^create or replace function outbound_webhooks\.(\w+)\(", re.MULTILINE)
# The function's, and that of other versions of the server, if its file has one.
_BODY = re.compile(r"\bas \$\$(.*?)\$\$;|\bas '([^']*)';", re.DOTALL)
_GRANT = re.compile(
    r"^grant ([\w, ]+?)\s+on (?:(function|schema|sequence) )?(.+?)\s+to ([^;]+);", re.MULTILINE | re.DOTALL
)

_FUNCTIONS: LiteralString = """
    select p.proname, p.prosrc, p.prosecdef
    from pg_proc as p
    where p.pronamespace = 'outbound_webhooks'::regnamespace
"""
# What is not there at all is no matter of grants.
_MISSING_GRANTS: LiteralString = """
    select g.privilege, g.kind, g.object, g.role
    from unnest(%s::text[], %s::text[], %s::text[], %s::name[]) as g (privilege, kind, object, role)
    where not coalesce(
        case g.kind
            when 'function' then has_function_privilege(g.role, to_regprocedure(g.object), g.privilege)
            when 'schema' then has_schema_privilege(g.role, to_regnamespace(g.object), g.privilege)
            when 'sequence' then has_sequence_privilege(g.role, to_regclass(g.object), g.privilege)
            else has_table_privilege(g.role, to_regclass(g.object), g.privilege)
        end,
        true
    )
"""


def look(connection: psycopg.Connection[TupleRow], folder: Path) -> list[Finding]:
    """What differs from the files below the folder that has migrations/ and sql_functions/."""
    return [*_functions(connection, folder / "sql_functions"), *_grants(connection, folder)]


def _functions(connection: psycopg.Connection[TupleRow], folder: Path) -> Iterator[Finding]:
    loaded = {name: (body, is_definer) for name, body, is_definer in connection.execute(_FUNCTIONS)}
    for file in sorted(folder.glob("*.sql")):
        text = file.read_text(encoding="utf-8")
        name = _NAME.findall(text)[0]
        subject = f"function {name}"
        if name not in loaded:
            yield Finding("problem", "function-missing", subject, "it is missing", MIGRATE)
            continue
        bodies = {dollars or quotes for dollars, quotes in _BODY.findall(text)}
        body, is_definer = loaded[name]
        if body not in bodies or is_definer != ("\n    security definer" in text):
            yield Finding(
                "problem", "function-altered", subject, f"it is not as in {file.name}: somebody changed it", MIGRATE
            )


def _grants(connection: psycopg.Connection[TupleRow], folder: Path) -> Iterator[Finding]:
    files = [*sorted(folder.glob("migrations/[0-9]*.sql")), *sorted(folder.glob("sql_functions/*.sql"))]
    grants = [grant for file in files for grant in _granted(file.read_text(encoding="utf-8"))]
    for privilege, kind, name, role in connection.execute(
        _MISSING_GRANTS, [list(column) for column in zip(*grants, strict=True)]
    ):
        thing = f"{kind} {name}".strip()
        yield Finding(
            "problem", "grant-missing", f"role {role}", f"it lacks {privilege} on {thing}",
            f"grant {privilege} on {thing} to {role}",
        )  # fmt: skip


def _granted(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Each grant of a file as (privilege, kind, object, role); the kind of a table is empty."""
    for privileges, kind, objects, roles in _GRANT.findall(text):
        names = [objects] if kind == "function" else objects.split(",")
        for privilege in privileges.split(","):
            for name in names:
                for role in roles.split(","):
                    yield privilege.strip(), kind, " ".join(name.split()), role.strip()
