"""A readable description of the schema outbound_webhooks, the same on every version of PostgreSQL.

`python -m tests.support.schema FILE` (make schema-dump) writes it; tests/sql/test_schema.py compares it. Left out:
partitions, which come and go by the day; NOT NULL constraints, which PostgreSQL 18 has begun to list (the columns say
it); the owner's own privileges, of which newer versions know more; the bodies of functions and views.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

from tests.support import postgres

Connection = psycopg.Connection[TupleRow]

# Objects: the oid, the line about it, its comment, its owner, its privileges.
SCHEMAS: LiteralString = """
    select n.oid, 'schema ' || n.nspname || ', owner ' || pg_get_userbyid(n.nspowner),
        obj_description(n.oid, 'pg_namespace'), n.nspowner, n.nspacl
    from pg_namespace as n
    where n.oid = 'outbound_webhooks'::regnamespace
"""

RELATIONS: LiteralString = """
    select c.oid,
        case c.relkind when 'r' then 'table ' when 'p' then 'partitioned table ' when 'v' then 'view ' end || c.relname
            || coalesce(' of ' || i.inhparent::regclass || ' ' || lower(pg_get_expr(c.relpartbound, c.oid)), '')
            || coalesce(' by ' || lower(pg_get_partkeydef(c.oid)), '')
            || coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', '')
            || ', owner ' || pg_get_userbyid(c.relowner),
        obj_description(c.oid, 'pg_class'), c.relowner, c.relacl
    from pg_class as c
    left join pg_inherits as i on i.inhrelid = c.oid
    where c.relnamespace = 'outbound_webhooks'::regnamespace
        and c.relkind in ('r', 'p', 'v')
        and (c.relkind = 'p' or not c.relispartition)
    order by c.relkind = 'v', c.relname
"""

SEQUENCES: LiteralString = """
    select c.oid,
        case c.relpersistence when 'u' then 'unlogged ' else '' end || 'sequence ' || c.relname || ' '
            || format_type(s.seqtypid, null) || ' start ' || s.seqstart || ' increment ' || s.seqincrement
            || ' minimum ' || s.seqmin || ' maximum ' || s.seqmax || ', owner ' || pg_get_userbyid(c.relowner),
        obj_description(c.oid, 'pg_class'), c.relowner, c.relacl
    from pg_class as c
    join pg_sequence as s on s.seqrelid = c.oid
    where c.relnamespace = 'outbound_webhooks'::regnamespace
        and not exists (select from pg_depend where objid = c.oid and deptype = 'i')
    order by c.relname
"""

FUNCTIONS: LiteralString = """
    select p.oid,
        'function ' || p.proname || '(' || pg_get_function_arguments(p.oid) || ')'
            || ' returns ' || pg_get_function_result(p.oid)
            || ', ' || l.lanname
            || case p.provolatile when 'i' then ', immutable' when 's' then ', stable' else ', volatile' end
            || case when p.prosecdef then ', security definer' else ', security invoker' end
            || coalesce(', set ' || array_to_string(p.proconfig, ', '), '')
            || ', owner ' || pg_get_userbyid(p.proowner),
        obj_description(p.oid, 'pg_proc'), p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_proc as p
    join pg_language as l on l.oid = p.prolang
    where p.pronamespace = 'outbound_webhooks'::regnamespace
    order by p.proname, pg_get_function_arguments(p.oid)
"""

# Details of a relation: the line, the comment.
COLUMNS: LiteralString = """
    select 'column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || case when a.attnotnull then ' not null' else '' end
            || case a.attidentity when '' then '' when 'a' then ' generated always as identity' else ' identity' end
            || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''),
        col_description(a.attrelid, a.attnum)
    from pg_attribute as a
    left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
    order by a.attnum
"""

CONSTRAINTS: LiteralString = """
    select 'constraint ' || c.conname || ' ' || pg_get_constraintdef(c.oid), obj_description(c.oid, 'pg_constraint')
    from pg_constraint as c
    where c.conrelid = %s and c.contype <> 'n'
    order by c.contype = 'c', c.conname
"""

INDEXES: LiteralString = """
    select pg_get_indexdef(i.indexrelid), obj_description(i.indexrelid, 'pg_class')
    from pg_index as i
    where i.indrelid = %s and not exists (select from pg_constraint as c where c.conindid = i.indexrelid)
    order by i.indexrelid::regclass::text
"""

TRIGGERS: LiteralString = """
    select pg_get_triggerdef(t.oid) || case t.tgenabled when 'A' then ', always' else '' end,
        obj_description(t.oid, 'pg_trigger')
    from pg_trigger as t
    where t.tgrelid = %s and not t.tgisinternal
    order by t.tgname
"""

SECURITY: LiteralString = """
    select 'row-level security' || case when c.relforcerowsecurity then ', forced' else '' end, null
    from pg_class as c
    where c.oid = %s and c.relrowsecurity
"""

POLICIES: LiteralString = """
    select 'policy ' || p.polname || case when p.polpermissive then '' else ' restrictive' end
            || case p.polcmd when '*' then ' for all' when 'r' then ' for select' else ' for ' || p.polcmd::text end
            || ' to ' || array_to_string(array(select pg_get_userbyid(r) from unnest(p.polroles) as r order by 1), ', ')
            || coalesce(' using ' || regexp_replace(pg_get_expr(p.polqual, p.polrelid), '\\s+', ' ', 'g'), '')
            || coalesce(' with check ' || pg_get_expr(p.polwithcheck, p.polrelid), ''),
        obj_description(p.oid, 'pg_policy')
    from pg_policy as p
    where p.polrelid = %s
    order by p.polname
"""

COLUMN_GRANTS: LiteralString = """
    select 'grant ' || lower(a.privilege_type) || ' (' || string_agg(t.attname, ', ' order by t.attnum) || ') to '
            || pg_get_userbyid(a.grantee), null
    from pg_attribute as t, aclexplode(t.attacl) as a
    where t.attrelid = %s
    group by a.privilege_type, a.grantee
    order by 1
"""

GRANTS: LiteralString = """
    select 'grant ' || lower(string_agg(a.privilege_type, ', ' order by a.privilege_type)) || ' to '
            || case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end
    from aclexplode(%s::aclitem[]) as a
    where a.grantee <> %s
    group by a.grantee
    order by 1
"""


def describe(connection: Connection) -> str:
    """The schema as text: a paragraph for each object, a line for each property."""
    connection.execute("set search_path = pg_catalog")
    paragraphs = [
        *_objects(connection, SCHEMAS, ()),
        *_objects(connection, SEQUENCES, ()),
        *_objects(connection, RELATIONS, (COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS, SECURITY, POLICIES, COLUMN_GRANTS)),
        *_objects(connection, FUNCTIONS, ()),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _objects(connection: Connection, query: LiteralString, details: tuple[LiteralString, ...]) -> Iterator[str]:
    for oid, line, comment, owner, privileges in connection.execute(query):
        lines = [line, *_comment(comment)]
        for detail in details:
            for found, its_comment in connection.execute(detail, (oid,)):
                lines += [found, *("    " + text for text in _comment(its_comment))]
        lines += [grant for (grant,) in connection.execute(GRANTS, (privileges, owner))]
        yield "\n    ".join(lines)


def _comment(comment: str | None) -> list[str]:
    return [] if comment is None else [f"-- {line}" for line in comment.splitlines()]


def main() -> None:
    """Migrate a database of the test server, and write its description into the file that is named."""
    (file,) = sys.argv[1:]
    with postgres.serve(None) as server, postgres.database(server) as url, psycopg.connect(url) as connection:
        Path(file).write_text(describe(connection), encoding="utf-8")


if __name__ == "__main__":
    main()
