"""The full-text index of passages: what goes into SQLite's FTS5, and candidates for words out of it.

The words are prepared by `app.recall.words`, not by a tokenizer of FTS5: so every language is stemmed, scripts without
spaces are found by pairs of signs, and codes stand as they are, with any SQLite that has FTS5. Columns: `stems`, the
text's words in order; `exact`, codes and words that their stem is no beginning of; `headings`, stems of the titles.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence

from app.recall.passages import Passage, Piece
from app.recall.stopwords import STOPWORDS
from app.recall.words import codes, encode_code, tokens

SCHEMA = (
    """
    CREATE TABLE passages (
        id INTEGER PRIMARY KEY,
        document_id TEXT NOT NULL,
        number INTEGER NOT NULL,      -- its place in the document, from 0
        first_page INTEGER NOT NULL,  -- from 1
        last_page INTEGER NOT NULL,
        first_label TEXT NOT NULL,    -- how the page is cited
        last_label TEXT NOT NULL,
        kind TEXT NOT NULL,           -- prose, table or code
        language TEXT NOT NULL,       -- of the document; by it the words were stemmed
        headings TEXT NOT NULL,       -- JSON array of titles
        header TEXT NOT NULL,         -- first row of a table that began before
        pieces TEXT NOT NULL,         -- JSON array of [page, start, end, at]
        text TEXT NOT NULL,
        UNIQUE (document_id, number)
    )
    """,
    """
    CREATE VIRTUAL TABLE passages_words USING fts5 (
        stems, exact, headings, tokenize = "unicode61 remove_diacritics 0"
    )
    """,
    "CREATE VIRTUAL TABLE passages_vocabulary USING fts5vocab (passages_words, row)",
    """
    CREATE TABLE vocabularies (
        document_id TEXT PRIMARY KEY,
        words TEXT NOT NULL  -- its different words, folded, one a line; no numbers, no commonest words
    )
    """,
)
_COLUMNS = (
    "id, document_id, number, first_label, last_label, kind, headings, header, pieces, text"  # of a Passage
)
WEIGHTS = (1.0, 1.0, 0.8)  # of stems, exact and headings in FTS5's bm25


def add_passages(connection: sqlite3.Connection, passages: Iterable[Passage], language: str) -> int:
    """Store and index the passages of one document, inside the caller's transaction; returns how many."""
    count = 0
    vocabulary: set[str] = set()
    document_id = ""
    for passage in passages:
        cursor = connection.execute(
            "INSERT INTO passages (document_id, number, first_page, last_page, first_label, last_label, kind, language,"
            " headings, header, pieces, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                passage.document_id,
                passage.number,
                passage.first_page,
                passage.last_page,
                *passage.labels,
                passage.kind,
                language,
                json.dumps(passage.headings, ensure_ascii=False),
                passage.header,
                json.dumps([(piece.page, piece.start, piece.end, piece.at) for piece in passage.pieces]),
                passage.text,
            ),
        )
        connection.execute(
            "INSERT INTO passages_words (rowid, stems, exact, headings) VALUES (?, ?, ?, ?)",
            (cursor.lastrowid, *index_row(passage, language)),
        )
        vocabulary.update(telling_words(passage.text, language))
        document_id = passage.document_id
        count += 1
    if count:
        connection.execute("INSERT INTO vocabularies VALUES (?, ?)", (document_id, "\n".join(sorted(vocabulary))))
    return count


def telling_words(text: str, language: str) -> list[str]:
    """The folded words of a text in order, without numbers and the language's commonest words."""
    stop = STOPWORDS.get(language, frozenset())
    return [
        word.folded
        for word in tokens(text, language)
        if word.folded not in stop and len(word.folded) > 1 and not word.folded[0].isdigit()
    ]


def index_row(passage: Passage, language: str) -> tuple[str, str, str]:
    """What the index knows of a passage: its stems, its codes as they stand, the stems of its headings."""
    text = f"{passage.header}\n{passage.text}" if passage.header else passage.text
    words = list(tokens(text, language))
    exact = {encode_code(code) for code, _, _ in codes(text)}
    exact.update(word.folded for word in words if not word.folded.startswith(word.stem))
    headings = (word.stem for title in passage.headings for word in tokens(title, language))
    return " ".join(word.stem for word in words), " ".join(sorted(exact)), " ".join(headings)


def remove_passages(connection: sqlite3.Connection, document_id: str) -> None:
    """Take a document's passages out of table and index, inside the caller's transaction."""
    connection.execute(
        "DELETE FROM passages_words WHERE rowid IN (SELECT id FROM passages WHERE document_id = ?)",
        (document_id,),
    )
    connection.execute("DELETE FROM passages WHERE document_id = ?", (document_id,))
    connection.execute("DELETE FROM vocabularies WHERE document_id = ?", (document_id,))


def languages(connection: sqlite3.Connection, document_ids: Sequence[str] | None) -> tuple[str, ...]:
    """The languages of the documents, or of all."""
    where, values = _of(document_ids)
    rows = connection.execute(f"SELECT DISTINCT language FROM passages WHERE {where}", values)
    return tuple(sorted(language for (language,) in rows))


def count_passages(connection: sqlite3.Connection, document_ids: Sequence[str] | None = None) -> int:
    where, values = _of(document_ids)
    return int(connection.execute(f"SELECT count(*) FROM passages WHERE {where}", values).fetchone()[0])


def vocabulary(connection: sqlite3.Connection, document_ids: Sequence[str] | None) -> tuple[str, ...]:
    """The different words of the documents, folded, in alphabetical order."""
    where, values = _of(document_ids)
    rows = connection.execute(
        f"SELECT words FROM vocabularies WHERE {where.replace('passages.', '')}", values
    ).fetchall()
    return tuple(sorted({word for (words,) in rows for word in words.split("\n") if word}))


def matching(
    connection: sqlite3.Connection, expression: str, document_ids: Sequence[str] | None, limit: int
) -> list[tuple[Passage, float]]:
    """The passages that an FTS5 expression finds, best first, each with FTS5's bm25 turned round: higher is better."""
    where, values = _of(document_ids)
    columns = ", ".join(f"passages.{name}" for name in _COLUMNS.split(", "))
    rows = connection.execute(
        f"SELECT {columns}, bm25(passages_words, {', '.join(map(str, WEIGHTS))}) AS score FROM passages_words"
        f" JOIN passages ON passages.id = passages_words.rowid"
        f" WHERE passages_words MATCH ? AND {where} ORDER BY score, passages.id LIMIT ?",
        (expression, *values, limit),
    )
    return [(_passage(row[:-1]), -row[-1]) for row in rows]


def passages_where(
    connection: sqlite3.Connection, document_ids: Sequence[str] | None, condition: str = "1", *values: object
) -> list[Passage]:
    """Passages in the order of the text. `condition`: SQL over the columns of `passages`."""
    where, ids = _of(document_ids)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM passages WHERE {where} AND {condition} ORDER BY document_id, number",
        (*ids, *values),
    )
    return [_passage(row) for row in rows]


def passages_of(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Passage]:
    """The passages with these ids, in their order; those that are gone are left out."""
    found = {}
    for start in range(0, len(ids), 500):  # SQLite takes a limited number of values
        some = ids[start : start + 500]
        marks = ", ".join("?" * len(some))
        for row in connection.execute(f"SELECT {_COLUMNS} FROM passages WHERE id IN ({marks})", tuple(some)):
            found[row[0]] = _passage(row)
    return [found[one] for one in ids if one in found]


def inverse_frequencies(connection: sqlite3.Connection, terms: Iterable[str]) -> dict[str, float]:
    """How much each word of the index tells: ln(1 + (N - n + 0.5) / (n + 0.5)), n of N passages having it."""
    total = count_passages(connection)
    result = {}
    for term in terms:
        row = connection.execute("SELECT doc FROM passages_vocabulary WHERE term = ?", (term,)).fetchone()
        count = row[0] if row else 0
        result[term] = math.log(1 + (total - count + 0.5) / (count + 0.5))
    return result


def quoted(term: str) -> str:
    """A word or row of words as an FTS5 string."""
    return '"' + term.replace('"', '""') + '"'


def _of(document_ids: Sequence[str] | None) -> tuple[str, tuple[str, ...]]:
    if document_ids is None:
        return "1", ()
    return f"passages.document_id IN ({', '.join('?' * len(document_ids))})", tuple(document_ids)


def _passage(row: Sequence[object]) -> Passage:
    number_id, document_id, number, first, last, kind, headings, header, pieces, text = row
    return Passage(
        document_id=str(document_id),
        number=int(number),  # type: ignore[call-overload]
        text=str(text),
        pieces=tuple(Piece(*piece) for piece in json.loads(str(pieces))),
        labels=(str(first), str(last)),
        headings=tuple(json.loads(str(headings))),
        kind=kind,  # type: ignore[arg-type]
        header=str(header),
        id=int(number_id),  # type: ignore[call-overload]
    )
