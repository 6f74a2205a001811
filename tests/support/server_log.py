"""A PostgreSQL server that logs all that it can, and its log."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from tests.sql.interleaving import until
from tests.support import postgres

# Every statement with all of its parameters, those of errors too, and every message from DEBUG on.
TALKATIVE = {
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_min_error_statement": "debug5",
    "log_min_messages": "debug1",
    "log_error_verbosity": "verbose",
    "logging_collector": "on",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
}
# Nested statements with their plans, where the server has that library (the embedded one has not).
EXPLAINING = (
    "alter system set session_preload_libraries = 'auto_explain'",
    "alter system set auto_explain.log_min_duration = 0",
    "alter system set auto_explain.log_nested_statements = on",
    "alter system set auto_explain.log_analyze = on",
    "select pg_reload_conf()",
)
# A session that is logged as on a server whose settings nobody changed.
AS_BY_DEFAULT = (
    "set log_statement = 'none'; set log_min_duration_statement = -1; set log_parameter_max_length_on_error = 0;"
    " set log_min_error_statement = 'error'; set log_min_messages = 'warning'"
)
_numbers = itertools.count(1)


class ServerLog:
    """The log of a talkative server, read through it."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def read(self) -> str:
        """All of it, up to this moment: what was logged before has arrived in the file."""
        mark = f"mark {next(_numbers)} of the test"
        self._connection.execute(f"do $$begin raise log '{mark}'; end$$".encode())
        until(lambda: f"LOG:  00000: {mark}" in self._text())
        return self._text()

    def _text(self) -> str:
        row = self._connection.execute(
            "select pg_read_binary_file(pg_current_logfile(), 0, 500000000)", binary=True
        ).fetchone()
        assert row is not None
        return bytes(row[0]).decode(errors="replace")


@contextmanager
def talkative_server(choice: str | None) -> Iterator[postgres.TestServer]:
    """A server of its own that logs everything; `choice` is that of --pg."""
    with postgres.serve(choice, TALKATIVE) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            try:
                connection.execute("load 'auto_explain'")
            except errors.UndefinedFile:
                pass
            else:
                for statement in EXPLAINING:
                    connection.execute(statement.encode())
        yield server
