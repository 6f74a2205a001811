"""The committed changes of some tables, as the write-ahead log has them: pgoutput, the plug-in of logical replication.

No trigger takes part in it, so it is a witness of its own: transactions in the order of their commits, without what was
rolled back, each row as it was before and as it is after.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Row = dict[str, str | None]
Kind = Literal["insert", "update", "delete", "truncate"]

_TEXT = ord("t")
_KINDS: dict[str, Kind] = {"I": "insert", "U": "update", "D": "delete"}


@dataclass(frozen=True)
class Change:
    """One committed change of one row (of a whole table, if it was truncated)."""

    kind: Kind
    table: str
    old: Row | None = None
    new: Row | None = None


def parse(messages: Iterable[bytes]) -> Iterator[Change]:
    """The changes in messages of pgoutput's protocol version 1; the tables have REPLICA IDENTITY FULL."""
    tables: dict[int, tuple[str, list[str]]] = {}
    for message in messages:
        reader = _Reader(message)
        match reader.letter():
            case "R":
                oid, table = reader.relation()
                tables[oid] = table
            case "I" | "U" | "D" as letter:
                name, columns = tables[reader.integer(4)]
                images: dict[str, Row] = {}
                while not reader.at_end():
                    which = reader.letter()
                    images[which] = reader.row(columns)
                yield Change(_KINDS[letter], name, images.get("O"), images.get("N"))
            case "T":
                count, _ = reader.integer(4), reader.integer(1)
                for _ in range(count):
                    yield Change("truncate", tables[reader.integer(4)][0])
            case _:  # begin, commit, and what describes types and origins
                pass


class _Reader:
    def __init__(self, message: bytes) -> None:
        self._message, self._position = message, 0

    def at_end(self) -> bool:
        return self._position == len(self._message)

    def _take(self, length: int) -> bytes:
        start, self._position = self._position, self._position + length
        return self._message[start : self._position]

    def integer(self, length: int) -> int:
        return int.from_bytes(self._take(length), "big")

    def letter(self) -> str:
        return self._take(1).decode()

    def text(self) -> str:
        text = self._take(self._message.index(0, self._position) - self._position).decode()
        self._take(1)
        return text

    def relation(self) -> tuple[int, tuple[str, list[str]]]:
        oid, _, name, _ = self.integer(4), self.text(), self.text(), self.letter()
        columns = []
        for _ in range(self.integer(2)):
            self._take(1)
            columns.append(self.text())
            self._take(8)
        return oid, (name, columns)

    def row(self, columns: list[str]) -> Row:
        message, position = self._message, self._position + 2
        row: Row = {}
        for column in columns:
            row[column] = None
            position += 1
            # Neither 'n', null, nor 'u', a long value that stayed as it was, has anything behind it.
            if message[position - 1] == _TEXT:
                start = position + 4
                position = start + int.from_bytes(message[position:start], "big")
                row[column] = message[start:position].decode()
        self._position = position
        return row
