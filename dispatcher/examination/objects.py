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

# Its argument types are part of what a function is: the comment has them, and nothing else.
_SIGNATURE = re.compile(r"^comment on function (outbound_webhooks\.(\w+)\([^)]*\)) is", re.MULTILINE)
# The function's, and that of other versions of the server, if its file has one.
_BODY = re.compile(r"\bas \$\$(.*?)\$\$;|\bas '([^']*)';", re.DOTALL)
_GRANT = re.compile(
    r"^grant ([\w, ]+?)(?: \(([\w,\s]+)\))?\s+on (?:(function|schema|sequence) )?(.+?)\s+to ([^;]+);",
    re.MULTILINE | re.DOTALL,
)

_FUNCTIONS: LiteralString = """
    select p.prosrc, p.prosecdef
    from unnest(%s::text[]) with ordinality as f (signature, position)
    left join pg_proc as p on p.oid = to_regprocedure(f.signature)
    order by f.position
"""
# What is not there at all is no matter of grants.
_MISSING_GRANTS: LiteralString = """
    select g.privilege, g.kind, g.object, g.role
    from unnest(%s::text[], %s::text[], %s::text[], %s::name[]) as g (privilege, kind, object, role)
    where not coalesce(
        case g.kind
            when 'function' then has_function_privilege(g.role, to_regprocedure(g.object), g.privilege)
            when 'schema' then has_schema_privilege(g.role, to_regnamespace(g.object), g.privilege)
            when 'column' then has_column_privilege(
                g.role, to_regclass(regexp_replace(g.object, '[.][^.]+$', '')),
                substring(g.object from '[^.]+$'), g.privilege
            )
            when 'sequence' then has_sequence_privilege(g.role, to_regclass(g.object), g.privilege)
            else has_table_privilege(g.role, to_regclass(g.object), g.privilege)
        end,
        true
    )
"""


def look(connection: psycopg.Connection[TupleRow], folder: Path, newer: str | None = None) -> list[Finding]:
    """What differs from the files below the folder that has migrations/ and sql_functions/.

    Args:
        newer: a migration of a newer release that was installed, if one was: its functions are not those of the files.
    """
    grants = _grants(connection, folder)
    if newer:
        told = f"a newer release was installed (it has {newer}), and they were not compared with this program's files"
        return [Finding("note", "functions-newer", "functions", told, "ask the doctor of that release"), *grants]
    return [*_functions(connection, folder / "sql_functions"), *grants]


def _functions(connection: psycopg.Connection[TupleRow], folder: Path) -> Iterator[Finding]:
    files = sorted(folder.glob("*.sql"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    named = [_SIGNATURE.findall(text)[0] for text in texts]
    loaded = connection.execute(_FUNCTIONS, ([signature for signature, _ in named],)).fetchall()
    for file, text, (_, name), (body, is_definer) in zip(files, texts, named, loaded, strict=True):
        subject = f"function {name}"
        if body is None:
            yield Finding("problem", "function-missing", subject, "it is missing", MIGRATE)
            continue
        bodies = {dollars or quotes for dollars, quotes in _BODY.findall(text)}
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
        table, _, column = name.rpartition(".")
        granted = f"{privilege} ({column}) on {table}" if kind == "column" else f"{privilege} on {thing}"
        yield Finding(
            "problem", "grant-missing", f"role {role}", f"it lacks {privilege} on {thing}", f"grant {granted} to {role}"
        )


def _granted(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Each grant of a file as (privilege, kind, object, role); a table's kind is empty, a column is table.column."""
    for privileges, columns, kind, objects, roles in _GRANT.findall(text):
        names = [objects] if kind == "function" else objects.split(",")
        if columns:
            kind, names = "column", [f"{table}.{column.strip()}" for table in names for column in columns.split(",")]
        for privilege in privileges.split(","):
            for name in names:
                for role in roles.split(","):
                    yield privilege.strip(), kind, " ".join(name.split()), role.strip()
