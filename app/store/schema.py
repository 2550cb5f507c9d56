"""The tables, as the list of steps that make them; `app.store.migrations` says how to add one."""

from __future__ import annotations

import sqlite3

from app.store.migrations import Migration, run_script
from app.store.old_files import import_old_files
from app.store.passages import make_passage_vectors, make_passages
from app.store.versions import make_versions_and_presets

_FIRST_TABLES = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY,               -- the first 32 hexadecimal digits of sha256
    sha256 TEXT NOT NULL UNIQUE,       -- of the file's bytes
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    nbytes INTEGER,                    -- size of the file; NULL where it was not kept
    revision INTEGER NOT NULL,         -- of the text that a new chat reads
    added_at REAL NOT NULL,            -- seconds since 1970, UTC, as all times
    last_used_at REAL NOT NULL
);
-- What was taken out of a document, once for each time it was taken out: a chat goes on with the text it was answered
-- from. Whatever is derived from a text (passages, indexes) has the foreign key (document_id, revision) REFERENCES
-- texts ON DELETE CASCADE and so goes with it.
CREATE TABLE texts (
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    revision INTEGER NOT NULL,         -- from 1
    extractor_version INTEGER NOT NULL,
    unit TEXT NOT NULL,
    encoding TEXT NOT NULL,
    outline TEXT NOT NULL,             -- JSON: [[title, page, level], ...]
    warnings TEXT NOT NULL,            -- JSON array of sentences
    page_count INTEGER NOT NULL,
    characters INTEGER NOT NULL,
    pages_without_text TEXT NOT NULL,  -- JSON array of page numbers
    taken_at REAL NOT NULL,
    PRIMARY KEY (document_id, revision)
);
CREATE TABLE pages (
    document_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    number INTEGER NOT NULL,           -- from 1
    text TEXT NOT NULL,
    label TEXT NOT NULL DEFAULT '',
    width REAL NOT NULL DEFAULT 0,
    height REAL NOT NULL DEFAULT 0,
    warnings TEXT NOT NULL DEFAULT '[]',
    blocks BLOB,                       -- see app.store.layout; NULL: one paragraph. Last, so texts are read without it
    PRIMARY KEY (document_id, revision, number),
    FOREIGN KEY (document_id, revision) REFERENCES texts ON DELETE CASCADE
);
-- Documents that were deleted while their files are still being removed.
CREATE TABLE removals (
    document_id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL
);
CREATE TABLE chats (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,          -- of what settings, documents and the turns' details mean
    title TEXT NOT NULL,
    named INTEGER NOT NULL,            -- whether the title was given, not made up
    settings TEXT NOT NULL,            -- JSON object
    documents TEXT NOT NULL,           -- JSON array
    document_names TEXT NOT NULL,      -- one a line, for the search
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
);
CREATE TABLE turns (
    chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    details TEXT NOT NULL,             -- JSON object
    PRIMARY KEY (chat_id, position)
);
-- Which text of which document a chat was answered from. A chat outlives its documents, so these are no foreign keys.
CREATE TABLE chat_documents (
    chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    document_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (chat_id, document_id)
);
CREATE INDEX chat_documents_by_document ON chat_documents (document_id, revision);
CREATE TABLE reading_rates (
    name TEXT PRIMARY KEY,
    tokens_per_second REAL NOT NULL
);
"""


def _make_first_tables(connection: sqlite3.Connection) -> None:
    run_script(connection, _FIRST_TABLES)


MIGRATIONS = (
    Migration(1, "documents, chats and reading rates", _make_first_tables),
    Migration(2, "what library.sqlite3 and chats.sqlite3 hold", import_old_files),
    Migration(3, "passages and their full-text index", make_passages),
    Migration(4, "vectors of passages", make_passage_vectors),
    Migration(5, "versions of turns, pinned chats, presets", make_versions_and_presets),
)
