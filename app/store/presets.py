"""Settings with a name, and which of them new chats start with."""

from __future__ import annotations

import json
from typing import Any

from app.store.database import Database

_FOR_NEW_CHATS = "preset for new chats"


class Presets:
    """Every method is one transaction, may be called from any thread, and raises StoreError where it fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, dict[str, Any]]:
        """The settings of each preset by its name, in the order of saving; a damaged one is empty."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT name, settings FROM presets ORDER BY rowid").fetchall()
        return {str(name): _object(settings) for name, settings in rows}

    def save(self, name: str, settings: dict[str, Any]) -> None:
        """Keep settings under this name, in place of those that had it."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO presets VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET settings = excluded.settings",
                (name, json.dumps(settings)),
            )

    def delete(self, name: str) -> bool:
        """Forget a preset; False where none has this name. New chats that started with it start with the defaults."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM choices WHERE name = ? AND value = ?", (_FOR_NEW_CHATS, name))
            return connection.execute("DELETE FROM presets WHERE name = ?", (name,)).rowcount > 0

    def for_new_chats(self) -> str:
        """The name of the preset that new chats start with; "": the defaults."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT value FROM choices WHERE name = ?", (_FOR_NEW_CHATS,)).fetchone()
        return "" if row is None else str(row[0])

    def choose_for_new_chats(self, name: str) -> None:
        """Have new chats start with this preset; "": with the defaults."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM choices WHERE name = ?", (_FOR_NEW_CHATS,))
            if name:
                connection.execute("INSERT INTO choices VALUES (?, ?)", (_FOR_NEW_CHATS, name))


def _object(settings: str) -> dict[str, Any]:
    try:
        values = json.loads(settings)
    except (ValueError, TypeError):
        return {}
    return values if isinstance(values, dict) else {}
