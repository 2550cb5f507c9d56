"""How the store's file comes to the form this version knows: numbered, named steps, each one transaction.

The table `migrations` says which steps a file has taken, and when. A step is

    Migration(3, "passages", create_passages)

in the list `MIGRATIONS` of `app.store.schema`, where `create_passages(connection)` changes the tables. It runs inside a
transaction that is already open and is committed together with its line in the table, so a program that is killed
half-way leaves the file as it was. It must neither begin nor commit one itself: `run_script` takes a script apart, for
sqlite3's own `executescript` commits. A step that was released is never changed again, only followed by another.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.sentences import Sentence
from app.store.errors import StoreError

_TABLE = """
CREATE TABLE migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at REAL NOT NULL  -- seconds since 1970, UTC
)
"""


@dataclass(frozen=True)
class Migration:
    """One step. number: from 1, without gaps; name: what it does, in a few words; apply: changes the tables."""

    number: int
    name: str
    apply: Callable[[sqlite3.Connection], None]


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    """Take the steps that the file at `path` has not taken yet. Its connection must be in autocommit mode.

    Several processes may call this at once: each step is taken once. Raises StoreError for a file of a newer version
    or of another program, which is left as it is.
    """
    check(connection, path, migrations)
    for migration in migrations:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Looked up inside the transaction: another process may have been first.
            if migration.number not in check(connection, path, migrations):
                if not _has_table(connection, "migrations"):
                    connection.execute(_TABLE)
                migration.apply(connection)
                connection.execute(
                    "INSERT INTO migrations VALUES (?, ?, ?)", (migration.number, migration.name, time.time())
                )
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def check(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> dict[int, str]:
    """The steps the file has taken, by number. Raises StoreError where this version does not know one of them."""
    if not _has_table(connection, "migrations"):
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StoreError(
                Sentence(
                    "The file {path} is a database, but not AHN Chat's store, so it was not opened; start "
                    "AHN Chat with another data folder.",
                    path=str(path),
                )
            )
        return {}
    taken = {
        int(number): str(name) for number, name in connection.execute("SELECT number, name FROM migrations")
    }
    known = {migration.number: migration.name for migration in migrations}
    for number, name in sorted(taken.items()):
        if known.get(number) != name:
            raise StoreError(
                Sentence(
                    "The store {store} was written by a newer AHN Chat (its step {number}, “{name}”, is not "
                    "known to this one, which knows {count}), so it was not opened; update AHN Chat, or "
                    "start it with another data folder.",
                    store=str(path),
                    number=number,
                    name=name,
                    count=len(known),
                )
            )
    return taken


def run_script(connection: sqlite3.Connection, script: str) -> None:
    """Run the statements of a script, each ended by a semicolon at a line's end, inside the open transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    if statement.strip():
        raise ValueError(f"a statement without its semicolon: {statement.strip()}")


def folder_of(connection: sqlite3.Connection) -> Path:
    """The folder of a connection's main file."""
    path = next(file for _, name, file in connection.execute("PRAGMA database_list") if name == "main")
    return Path(path).parent


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)
    ).fetchone()
    return found is not None
