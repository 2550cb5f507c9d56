"""Tables of what is searched: passages of each text, and their full-text index. `app.recall.fulltext` fills them.

The index's words are prepared by `app.recall.words`, so its tokenizer only splits at spaces. It is kept in step by
triggers: whatever deletes a text deletes its passages and their words, and what was deleted is merged out of the
index's pages, where it could still be read.
"""

from __future__ import annotations

import sqlite3

from app.store.migrations import run_script

_TABLES = """
-- One line for each text that was indexed.
CREATE TABLE indexed_texts (
    key INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    version INTEGER NOT NULL,          -- of how texts are cut and words prepared: see app.recall.fulltext
    language TEXT NOT NULL,            -- by which the words were stemmed
    words TEXT NOT NULL,               -- its different words, folded, one a line; no numbers, no commonest words
    UNIQUE (document_id, revision),
    FOREIGN KEY (document_id, revision) REFERENCES texts ON DELETE CASCADE
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    text_key INTEGER NOT NULL REFERENCES indexed_texts ON DELETE CASCADE,
    number INTEGER NOT NULL,           -- its place in the text, from 0
    first_page INTEGER NOT NULL,       -- from 1
    last_page INTEGER NOT NULL,
    first_label TEXT NOT NULL,         -- how the page is cited
    last_label TEXT NOT NULL,
    kind TEXT NOT NULL,                -- prose, table or code
    headings TEXT NOT NULL,            -- JSON array of titles
    header TEXT NOT NULL,              -- first row of a table that began before
    pieces TEXT NOT NULL,              -- JSON array of [page, start, end, at]
    text TEXT NOT NULL,
    UNIQUE (text_key, number)
);
CREATE VIRTUAL TABLE passages_words USING fts5 (
    stems, exact, headings, tokenize = "unicode61 remove_diacritics 0"
);
CREATE VIRTUAL TABLE passages_vocabulary USING fts5vocab (passages_words, row);
"""
_TRIGGERS = (
    "CREATE TRIGGER passage_deleted AFTER DELETE ON passages BEGIN "
    "DELETE FROM passages_words WHERE rowid = old.id; END",
    "CREATE TRIGGER indexed_text_deleted AFTER DELETE ON indexed_texts BEGIN "
    "INSERT INTO passages_words (passages_words) VALUES ('optimize'); END",
)


def make_passages(connection: sqlite3.Connection) -> None:
    """The step that makes the tables."""
    run_script(connection, _TABLES)
    for trigger in _TRIGGERS:
        connection.execute(trigger)


def make_passage_vectors(connection: sqlite3.Connection) -> None:
    """The step that makes the table of vectors; `app.recall.sense` fills it."""
    connection.execute(
        "CREATE TABLE passage_vectors ("
        "passage_id INTEGER PRIMARY KEY REFERENCES passages ON DELETE CASCADE, "
        "model TEXT NOT NULL, "  # by which it was made
        "vector BLOB NOT NULL)"  # of length 1, float16, little-endian
    )


def passages_nbytes(connection: sqlite3.Connection, document_id: str) -> int:
    """About how many bytes the passages of a document and their index and vectors take, for `Documents.count_also`."""
    (nbytes,) = connection.execute(
        "SELECT coalesce(sum(2 * length(CAST(text AS BLOB)) + length(CAST(pieces AS BLOB)) "
        "+ coalesce(length(vector), 0)), 0) FROM passages JOIN indexed_texts ON key = text_key "
        "LEFT JOIN passage_vectors ON passage_id = passages.id WHERE document_id = ?",
        (document_id,),
    ).fetchone()
    return int(nbytes)
