"""The step by which the turns of a chat become a tree, chats can be pinned, and settings get names.

Before it a chat was a list, and answering a question again took the old answer and what came after it away.
"""

from __future__ import annotations

import sqlite3

from app.store.migrations import run_script

_TABLES = """
CREATE TABLE turns_in_trees (
    chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    id INTEGER NOT NULL,               -- within the chat, from 1, in the order of asking
    parent INTEGER NOT NULL,           -- the turn before it; 0: a first question
    shown INTEGER NOT NULL,            -- whether the conversation goes on with this one of those with its parent
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    details TEXT NOT NULL,             -- JSON object
    PRIMARY KEY (chat_id, id),
    CHECK (parent >= 0 AND parent < id)
);
-- A chat that was a list is a tree in which every turn has one version.
INSERT INTO turns_in_trees
    SELECT chat_id, position + 1, lag(position + 1, 1, 0) OVER (PARTITION BY chat_id ORDER BY position), 1,
        question, answer, details
    FROM turns ORDER BY turns.rowid;
DROP TABLE turns;
ALTER TABLE turns_in_trees RENAME TO turns;
CREATE INDEX turns_by_parent ON turns (chat_id, parent, shown, id);  -- all that counting the shown ones takes
ALTER TABLE chats ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
CREATE TABLE presets (
    name TEXT PRIMARY KEY,
    settings TEXT NOT NULL             -- JSON object
);
CREATE TABLE choices (                 -- what holds for the whole app, such as the preset that new chats start with
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
"""


def make_versions_and_presets(connection: sqlite3.Connection) -> None:
    """The step."""
    run_script(connection, _TABLES)
