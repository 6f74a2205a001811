"""docs/sql.md: the functions and views that a DBA may use, from what the catalog says about them.

`python -m tests.support.reference FILE` (make sql-reference) writes it; tests/sql/test_reference.py compares it. A
function is for DBAs if the admin role may call it, or if its comment says that members of the owner role may. What a
comment says about one argument stands on a line of its own: `p_name: ...`.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

from tests.support import postgres

Connection = psycopg.Connection[TupleRow]

# What is made for a watched table (capture_*, payload_*) is granted to nobody, and says nothing of the kind.
FUNCTIONS: LiteralString = r"""
    select
        p.proname,
        array(
            select n.name || ' ' || format_type(n.type, null)
                || coalesce(' default ' || regexp_replace(
                    pg_get_function_arg_default(p.oid, n.n::integer), '::[a-z0-9 ]+(\[\])?$', ''
                ), '')
            from unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes)
                with ordinality as n (name, type, mode, n)
            where coalesce(n.mode, 'i') = 'i'
            order by n.n
        ),
        pg_get_function_result(p.oid),
        obj_description(p.oid, 'pg_proc'),
        array(
            select pg_get_userbyid(a.grantee)
            from aclexplode(p.proacl) as a
            where a.grantee <> p.proowner
            order by 1
        )
    from pg_proc as p
    where p.pronamespace = 'outbound_webhooks'::regnamespace
        and (
            has_function_privilege('outbound_webhooks_admin', p.oid, 'execute')
            or obj_description(p.oid, 'pg_proc') like '%outbound_webhooks_owner%'
        )
    order by p.proname
"""
RELATIONS: LiteralString = """
    select c.oid, c.relname, c.relkind = 'v', obj_description(c.oid, 'pg_class')
    from pg_class as c
    where c.relnamespace = 'outbound_webhooks'::regnamespace
        and c.relkind in ('r', 'p', 'v')
        and not c.relispartition
    order by c.relname
"""
READABLE: LiteralString = """
    select f.attname, has_column_privilege('outbound_webhooks_' || %s, f.attrelid, f.attnum, 'select')
    from pg_attribute as f
    where f.attrelid = %s and f.attnum > 0 and not f.attisdropped
    order by f.attnum
"""
COLUMNS: LiteralString = """
    select a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum)
    from pg_attribute as a
    where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
    order by a.attnum
"""
ROLES = ("dispatcher", "admin", "monitor", "clinic")
ARGUMENT = re.compile(r"(?m)^(p_\w+): ")

PAGE = """\
# SQL reference

<!-- Made from the comments in the database by `make sql-reference`. -->

What a DBA may use: functions and views in the schema `outbound_webhooks`.
Every name here is meant with that schema before it: `select outbound_webhooks.pause_endpoint(7)`.
`\\df+ outbound_webhooks.*` shows the same in `psql`, beside what is ours alone and may change at any time.

## Who may what

No role can log in; `grant outbound_webhooks_admin to LOGIN` makes somebody a member.
Members of `outbound_webhooks_owner` may do everything, and only they may watch tables.
No other role may write a table of ours directly.
`outbound_webhooks_clinic` reads, and acts on, rows of the clinics that its transaction names ([roles](roles.md)).

{rights}

## Functions

{functions}

## Views

{views}
"""


def reference(connection: Connection) -> str:
    """The page."""
    connection.execute("set search_path = pg_catalog")
    functions = connection.execute(FUNCTIONS).fetchall()
    relations = connection.execute(RELATIONS).fetchall()
    rights = [
        *(
            (f"[`{name}`](#{name})", *("yes" if f"outbound_webhooks_{role}" in roles else "" for role in ROLES))
            for name, _, _, _, roles in functions
        ),
        *(
            (
                f"read [`{name}`](#{name})" if is_view else f"read `{name}`",
                *(_readable(connection.execute(READABLE, (role, oid)).fetchall()) for role in ROLES),
            )
            for oid, name, is_view, _ in relations
        ),
    ]
    views = [(oid, name, comment) for oid, name, is_view, comment in relations if is_view]
    return PAGE.format(
        rights=_table(("", *ROLES), rights),
        functions="\n\n".join(_function(*row[:4]) for row in functions),
        views="\n\n".join(
            f"### {name}\n\n{comment}\n\n"
            + _table(("column", "type", ""), connection.execute(COLUMNS, (oid,)).fetchall())
            for oid, name, comment in views
        ),
    )


def _function(name: str, arguments: list[str], result: str, comment: str) -> str:
    if arguments:
        signature = f"    {name}(\n" + ",\n".join(f"        {argument}" for argument in arguments) + "\n    )"
    else:
        signature = f"    {name}()"
    about = ARGUMENT.sub(r"- `\1`: ", comment).replace("\n", "\n\n", 1)
    return f"### {name}\n\n{signature} returns {_on_lines(result)}\n\n{about}"


def _on_lines(result: str) -> str:
    """The columns of a result, each on its line."""
    table = re.fullmatch(r"TABLE\((.+)\)", result)
    if table is None:
        return result.replace("SETOF", "setof")
    return "table (\n" + "".join(f"        {column}\n" for column in re.split(r"(?<=,) ", table[1])) + "    )"


def _readable(columns: Sequence[TupleRow]) -> str:
    """Which columns a role may read, in the fewest words."""
    read = [f"`{name}`" for name, may in columns if may]
    unread = [f"`{name}`" for name, may in columns if not may]
    if not read or not unread:
        return "yes" if read else ""
    return "but for " + ", ".join(unread) if len(unread) < len(read) else "only " + ", ".join(read)


def _table(head: Sequence[str], rows: Sequence[Sequence[str | None]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join((cell or "").replace("|", "\\|") for cell in row) + " |" for row in lines)


def main() -> None:
    """Write the page of a migrated database of the test server into the file that is named."""
    (file,) = sys.argv[1:]
    with postgres.serve(None) as server, postgres.database(server) as url, psycopg.connect(url) as connection:
        Path(file).write_text(reference(connection), encoding="utf-8")


if __name__ == "__main__":
    main()
