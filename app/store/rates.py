"""How fast this machine has read, kept from start to start for the estimates."""

from __future__ import annotations

from app.store.database import Database


class Rates:
    """Measured rates by name, in tokens a second."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> float | None:
        """The rate last measured under this name. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT tokens_per_second FROM reading_rates WHERE name = ?", (name,)
            ).fetchone()
        return None if row is None else float(row[0])

    def all(self) -> dict[str, float]:
        """Every rate by its name. Raises StoreError."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT name, tokens_per_second FROM reading_rates").fetchall()
        return {str(name): float(rate) for name, rate in rows}

    def save(self, name: str, tokens_per_second: float) -> None:
        """Keep a measured rate. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO reading_rates VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET "
                "tokens_per_second = excluded.tokens_per_second",
                (name, tokens_per_second),
            )
