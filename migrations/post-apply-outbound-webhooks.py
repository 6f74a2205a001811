"""Load sql_functions/ after a migration was applied, in one transaction, and remember their fingerprint.

yoyo runs this file when at least one migration was pending. It stands alone (yoyo and psycopg are all it needs), so
that a DBA who has only these folders gets a complete installation; `outbound-webhooks migrate` runs the same code when
nothing was pending. yoyo's log has the name of the file, which tells it from a host's own.
"""

import hashlib
from pathlib import Path

from yoyo import step

FUNCTIONS = Path(__file__).parent.parent / "sql_functions"

# The contract between the program and the database: what the program calls and reads, by name, arguments and meaning.
# CONTRACT is that of this release; it grows by one when the program begins to need something that the release before it
# did not have. OLDEST_CONTRACT is the oldest one that this release's functions and tables still keep: programs from
# that one on may run on them. It grows when something is taken away that they need (docs/upgrading.md).
CONTRACT = 6
OLDEST_CONTRACT = 2


def function_files(folder: Path = FUNCTIONS) -> list[Path]:
    """The files of a folder of SQL functions, in the order they are loaded."""
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise FileNotFoundError(f"there are no SQL functions in {folder}: keep sql_functions/ beside migrations/")
    return files


def fingerprint(folder: Path = FUNCTIONS) -> str:
    """sha256 (hex) over the names and contents of the files, in the order they are loaded."""
    digest = hashlib.sha256()
    for file in function_files(folder):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def migrations() -> list[str]:
    """The ids of the migrations beside this file."""
    folder = Path(__file__).parent
    return sorted(file.stem for file in folder.glob("[0-9]*.sql") if not file.stem.endswith(".rollback"))


def load(connection, folder: Path = FUNCTIONS) -> None:
    """Create or replace every function; either all of them change, or none.

    The statements run as the owner role, so that it owns what they make; what is missing of row-level security and of
    our own triggers is made from them, the watched tables' functions are generated anew, and the first partitions made.
    """
    cursor = connection.cursor()
    cursor.execute("set local role outbound_webhooks_owner")
    cursor.execute("set local search_path = pg_catalog, pg_temp")
    for file in function_files(folder):
        try:
            cursor.execute(file.read_text(encoding="utf-8"))
        except Exception as error:
            error.add_note(f"while loading sql_functions/{file.name}; nothing of this folder was loaded")
            raise
    cursor.execute("select outbound_webhooks.protect_tables()")
    # Before the triggers, so that an installation is no line of the audit log; what an upgrade changes is one.
    cursor.execute("select outbound_webhooks.catalogue_operations()")
    cursor.execute("select outbound_webhooks.attach_triggers()")
    cursor.execute("select outbound_webhooks.ensure_clinic_role()")
    cursor.execute("select outbound_webhooks.generate_captures()")
    cursor.execute("select count(*) from outbound_webhooks.ensure_partitions()")
    cursor.execute(
        "insert into outbound_webhooks.schema_bundle (fingerprint, migrations, contract, oldest_contract)"
        " values (%s, %s, %s, %s) on conflict (singleton) do update"
        " set fingerprint = excluded.fingerprint, migrations = excluded.migrations, contract = excluded.contract,"
        " oldest_contract = excluded.oldest_contract, loaded_at = clock_timestamp()",
        (fingerprint(folder), migrations(), CONTRACT, OLDEST_CONTRACT),
    )
    cursor.execute("reset role")


steps = [step(load)]
