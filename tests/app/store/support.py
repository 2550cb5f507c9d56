"""What the tests of the store share: documents, a data folder as an earlier version left it, and other processes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from app.documents import Block, Extracted, Line, OutlineEntry, Page

PROJECT = Path(__file__).resolve().parents[3]

OLD_LIBRARY = """
CREATE TABLE documents (id TEXT PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL,
    page_count INTEGER NOT NULL, characters INTEGER NOT NULL, pages_without_text TEXT NOT NULL, added_at REAL NOT NULL);
CREATE TABLE pages (page_id INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (document_id, number));
PRAGMA user_version = 1;
"""
OLD_CHATS = """
CREATE TABLE IF NOT EXISTS chats (id TEXT PRIMARY KEY, title TEXT NOT NULL, named INTEGER NOT NULL,
    settings TEXT NOT NULL, documents TEXT NOT NULL, document_names TEXT NOT NULL, created_at REAL NOT NULL,
    updated_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS turns (chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL, details TEXT NOT NULL,
    PRIMARY KEY (chat_id, position));
CREATE TABLE IF NOT EXISTS reading_rates (name TEXT PRIMARY KEY, tokens_per_second REAL NOT NULL);
"""


def extracted(name: str = "manual.pdf", pages: tuple[str, ...] = ("One", "", "Drei ü 日本")) -> Extracted:
    return Extracted.of_texts(name, "pdf", hashlib.sha256(repr((name, pages)).encode()).hexdigest(), pages)


def laid_out(text: str = "Warm water", sha256: str = "c" * 64) -> Extracted:
    """A document with everything an extractor can say."""
    extents = tuple(
        number / 10 for place in range(len(text)) for number in (720 + 61 * place, 781 + 61 * place)
    )
    line = Line(0, (72.0, 100.0, 72.0 + 6.1 * len(text), 112.0), extents)
    blocks = (
        Block("header", "Manual"),
        Block("heading", text, 2, line.box, (line,)),
        Block("table_row", "| a | | b |", origin="recognised", continues=True),
    )
    pages = (
        Page(1, blocks, "iv", 595.3, 841.9, ("Page iv has a picture without text.",)),
        Page(2, label="v"),
    )
    outline = (OutlineEntry("Water", 1), OutlineEntry("Warm", 1, 2))
    return Extracted("manual.pdf", "pdf", sha256, pages, "page", "", outline, ("It has attachments.",))


def old_data_folder(folder: Path, documents: dict[str, tuple[str, ...]], **chats: dict[str, Any]) -> None:
    """Make `library.sqlite3` and `chats.sqlite3` with the earlier version's own tables.

    documents: pages by name; chats: rows by id, with "turns", each a (question, answer, details).
    """
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "library.sqlite3")) as library, library:
        library.execute("PRAGMA journal_mode = WAL")
        library.executescript(OLD_LIBRARY)
        for number, (name, pages) in enumerate(documents.items()):
            given = extracted(name, pages)
            row = (
                given.sha256[:32], given.sha256, name, "pdf", len(pages), sum(map(len, pages)),
                json.dumps(given.pages_without_text), 1000.0 + number,
            )  # fmt: skip
            library.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            library.executemany(
                "INSERT INTO pages (document_id, number, text) VALUES (?, ?, ?)",
                [(row[0], place, text) for place, text in enumerate(pages, start=1)],
            )
    with closing(sqlite3.connect(folder / "chats.sqlite3")) as database, database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(OLD_CHATS)
        database.execute("INSERT INTO reading_rates VALUES ('tiny ahn', 12.5)")
        for chat_id, chat in chats.items():
            names = "\n".join(document["name"] for document in chat.get("documents", []))
            database.execute(
                "INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    chat_id, chat.get("title", "A chat"), 1, json.dumps(chat.get("settings", {})),
                    json.dumps(chat.get("documents", [])), names, 2000.0, 3000.0,
                ),
            )  # fmt: skip
            for position, (question, answer, details) in enumerate(chat.get("turns", [])):
                database.execute(
                    "INSERT INTO turns VALUES (?, ?, ?, ?, ?)",
                    (chat_id, position, question, answer, json.dumps(details)),
                )


def run_script(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own, in the project's folder."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=PROJECT, capture_output=True, text=True
    )


def run_together(script: str, count: int, *arguments: object) -> list[subprocess.Popen[str]]:
    """Run the same code in several processes that go past its `input()` at the same moment; returns them, ended."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(count)
    ]  # fmt: skip
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        _, errors = child.communicate()
        assert child.returncode == 0, errors
    return children
