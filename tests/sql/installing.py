"""Installing as a DBA does it, with yoyo alone; and what of a database lies outside our schema."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

from tests.support.process import ROOT, clean_environment

Connection = psycopg.Connection[TupleRow]

# A line for each object, property or privilege that is not in our schema. TOAST tables are named after their owners.
OUTSIDE: LiteralString = """
    with visible as (
        select oid, nspname as name, nspowner, nspacl
        from pg_namespace
        where nspname <> 'outbound_webhooks' and nspname !~ '^pg_(toast|temp)'
    )
    select concat_ws(' ', 'schema', name, nspowner::regrole) from visible
    union all
    select concat_ws(' ', 'grant', a.privilege_type, 'on schema', name, 'to', a.grantee::regrole, a.is_grantable)
    from visible, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) as a
    union all
    select concat_ws(' ', 'relation', c.oid::regclass, c.relkind, c.relpersistence, c.relowner::regrole, c.reloptions)
    from pg_class as c join visible as v on v.oid = c.relnamespace
    union all
    select concat_ws(' ', 'grant', a.privilege_type, 'on', c.oid::regclass, 'to', a.grantee::regrole, a.is_grantable)
    from pg_class as c join visible as v on v.oid = c.relnamespace,
        aclexplode(
            coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))
        ) as a
    union all
    select concat_ws(
        ' ', 'column', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attacl
    )
    from pg_attribute as a join pg_class as c on c.oid = a.attrelid join visible as v on v.oid = c.relnamespace
    where a.attnum > 0
    union all
    select concat_ws(' ', 'constraint', t.conrelid::regclass, t.conname, pg_get_constraintdef(t.oid))
    from pg_constraint as t join visible as v on v.oid = t.connamespace
    union all
    select concat_ws(' ', 'trigger', t.tgrelid::regclass, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid))
    from pg_trigger as t join pg_class as c on c.oid = t.tgrelid join visible as v on v.oid = c.relnamespace
    union all
    select concat_ws(' ', 'function', p.oid::regprocedure, p.proowner::regrole, p.proacl, md5(p.prosrc))
    from pg_proc as p join visible as v on v.oid = p.pronamespace
    union all
    select concat_ws(' ', 'type', t.oid::regtype, t.typowner::regrole, t.typacl)
    from pg_type as t join visible as v on v.oid = t.typnamespace
    union all
    select concat_ws(' ', 'rule', r.ev_class::regclass, r.rulename)
    from pg_rewrite as r join pg_class as c on c.oid = r.ev_class join visible as v on v.oid = c.relnamespace
    union all
    select concat_ws(' ', 'policy', p.polrelid::regclass, p.polname)
    from pg_policy as p join pg_class as c on c.oid = p.polrelid join visible as v on v.oid = c.relnamespace
    union all select concat_ws(' ', 'extension', extname, extversion) from pg_extension
    union all select concat_ws(' ', 'event trigger', evtname) from pg_event_trigger
    union all select concat_ws(' ', 'publication', pubname) from pg_publication
    union all select concat_ws(' ', 'default', defaclrole::regrole, defaclobjtype, defaclacl) from pg_default_acl
    union all select concat_ws(' ', 'setting', setrole, setconfig) from pg_db_role_setting
    union all
    select concat_ws(' ', 'database', datdba::regrole, datacl) from pg_database where datname = current_database()
"""


def outside(connection: Connection) -> set[str]:
    """All of a database's catalog that is not about our schema."""
    connection.execute("set search_path = pg_catalog")
    found = {line for (line,) in connection.execute(OUTSIDE)}
    connection.execute("reset search_path")
    return found


def functions(connection: Connection) -> dict[str, str]:
    """The definition of every function of our schema."""
    rows = connection.execute(
        "select p.oid::regprocedure::text, pg_get_functiondef(p.oid) || coalesce(obj_description(p.oid, 'pg_proc'), '')"
        " from pg_proc as p where p.pronamespace = to_regnamespace('outbound_webhooks')"
    )
    return dict(rows.fetchall())


def loaded_fingerprint(connection: Connection) -> str | None:
    """The fingerprint of the functions that are loaded."""
    row = connection.execute("select fingerprint from outbound_webhooks.schema_bundle").fetchone()
    return None if row is None else str(row[0])


def start(url: str, *command: str, folder: Path = ROOT) -> "subprocess.Popen[str]":
    """Start `python -m ...` in a folder, with the database's URL in the environment."""
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=clean_environment(OUTBOUND_WEBHOOKS_DATABASE_URL=url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def yoyo(url: str, *command: str, folder: Path = ROOT) -> tuple[int, str]:
    """Run yoyo in a folder that holds yoyo.ini; returns its exit code and what it printed."""
    process = start(url.replace("postgresql://", "postgresql+psycopg://"), "yoyo", *command, folder=folder)
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


class Copy:
    """A copy of yoyo.ini, migrations/ and sql_functions/, to be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.functions = folder / "sql_functions"
        shutil.copy(ROOT / "yoyo.ini", folder)
        for name in ("migrations", "sql_functions"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))

    def change_functions(self, statement: str) -> None:
        """Append a statement to the last function file."""
        with max(self.functions.glob("*.sql")).open("a", encoding="utf-8") as file:
            file.write(f"\n{statement}\n")

    def add_marker(self) -> None:
        """Add a marker migration, as a release that changes a function ships one."""
        *_, last = migration_files(self.folder / "migrations")
        marker = self.folder / "migrations" / f"{int(last.stem[:4]) + 1:04}_functions.sql"
        marker.write_text(f"-- depends: {last.stem}\ndo $$ begin null; end $$;\n", encoding="utf-8")

    def set_contract(self, contract: int, oldest: int) -> None:
        """Make it the release with that contract, which keeps those from the oldest on."""
        (file,) = (self.folder / "migrations").glob("post-apply*.py")
        text = re.sub(r"(?m)^CONTRACT = \d+$", f"CONTRACT = {contract}", file.read_text(encoding="utf-8"))
        file.write_text(re.sub(r"(?m)^OLDEST_CONTRACT = \d+$", f"OLDEST_CONTRACT = {oldest}", text), encoding="utf-8")


def migration_files(folder: Path) -> list[Path]:
    """The migrations of a folder, without their rollbacks, in order."""
    return [file for file in sorted(folder.glob("[0-9]*.sql")) if not file.stem.endswith(".rollback")]
