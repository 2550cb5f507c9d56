"""Passages in the store: put in, indexed, and got out by words.

The words are prepared by `app.recall.words`, not by a tokenizer of FTS5: so every language is stemmed, scripts without
spaces are found by pairs of signs, and codes stand as they are, with any SQLite that has FTS5. Columns of the index:
`stems`, the text's words in order; `exact`, codes, and words that their stem is no beginning of; `headings`, stems of
the titles. All functions take a connection of `app.store.Database`.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.documents.model import OutlineEntry, Page
from app.recall.passages import Passage, Piece, cut_passages
from app.recall.words import codes, detect_language, encode_code, stop_words, tokens
from app.store import TextId

INDEX_VERSION = 2  # raised whenever texts are cut or words prepared in another way
Documents = Sequence["str | TextId"]  # documents by id, as of their latest text, or by id and revision
_COLUMNS = (
    "passages.id, document_id, number, first_label, last_label, kind, passages.headings, header, pieces, text, "
    "revision"
)
_FROM = "passages JOIN indexed_texts ON key = text_key"
_WEIGHTS = (1.0, 1.0, 0.8)  # of stems, exact and headings in FTS5's bm25


@dataclass(frozen=True)
class Prepared:
    """A text ready to be put in: its language, its passages, each with its row of the index, and its words."""

    text: TextId
    language: str
    passages: tuple[tuple[Passage, tuple[str, str, str]], ...]
    vocabulary: tuple[str, ...]


def prepare(text: TextId, pages: Sequence[Page], outline: Sequence[OutlineEntry] = ()) -> Prepared:
    """Cut a text into passages and prepare their words: about 3 ms a page, without the store."""
    language = detect_language(page.text for page in pages)
    passages = tuple(
        (passage, index_row(passage, language)) for passage in cut_passages(text.document_id, pages, outline)
    )
    vocabulary = {word for passage, _ in passages for word in telling_words(passage.text, language)}
    return Prepared(text, language, passages, tuple(sorted(vocabulary)))


def put(connection: sqlite3.Connection, prepared: Prepared) -> int:
    """Store and index a text's passages, inside the caller's transaction; returns how many.

    What was there of this text is replaced.
    """
    text = prepared.text
    connection.execute("DELETE FROM indexed_texts WHERE document_id = ? AND revision = ?", text)
    key = connection.execute(
        "INSERT INTO indexed_texts (document_id, revision, version, language, words) VALUES (?, ?, ?, ?, ?)",
        (*text, INDEX_VERSION, prepared.language, "\n".join(prepared.vocabulary)),
    ).lastrowid
    for passage, row in prepared.passages:
        cursor = connection.execute(
            "INSERT INTO passages (text_key, number, first_page, last_page, first_label, last_label, kind, headings,"
            " header, pieces, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                passage.number,
                passage.first_page,
                passage.last_page,
                *passage.labels,
                passage.kind,
                json.dumps(passage.headings, ensure_ascii=False),
                passage.header,
                json.dumps([(piece.page, piece.start, piece.end, piece.at) for piece in passage.pieces]),
                passage.text,
            ),
        )
        connection.execute(
            "INSERT INTO passages_words (rowid, stems, exact, headings) VALUES (?, ?, ?, ?)",
            (cursor.lastrowid, *row),
        )
    return len(prepared.passages)


def is_indexed(connection: sqlite3.Connection, text: TextId) -> bool:
    """Whether the text's passages are there and were made by this version."""
    row = connection.execute(
        "SELECT 1 FROM indexed_texts WHERE document_id = ? AND revision = ? AND version = ?",
        (*text, INDEX_VERSION),
    ).fetchone()
    return row is not None


def index_row(passage: Passage, language: str) -> tuple[str, str, str]:
    """What the index knows of a passage: its stems, its codes as they stand, the stems of its headings."""
    text = f"{passage.header}\n{passage.text}" if passage.header else passage.text
    words = list(tokens(text, language))
    exact = {encode_code(code) for code, _, _ in codes(text)}
    exact.update(word.folded for word in words if not word.folded.startswith(word.stem))
    headings = (word.stem for title in passage.headings for word in tokens(title, language))
    return " ".join(word.stem for word in words), " ".join(sorted(exact)), " ".join(headings)


def telling_words(text: str, language: str) -> list[str]:
    """The folded words of a text in order, without numbers and the language's commonest words."""
    stop = stop_words(language)
    return [
        word.folded
        for word in tokens(text, language)
        if word.folded not in stop and len(word.folded) > 1 and not word.folded[0].isdigit()
    ]


def keys_of(connection: sqlite3.Connection, documents: Documents | None) -> tuple[int, ...]:
    """The indexed texts of these documents, or of all, in their order; what is not indexed is left out."""
    latest = (
        "SELECT key FROM indexed_texts JOIN documents ON documents.id = document_id "
        "AND indexed_texts.revision = documents.revision"
    )
    if documents is None:
        return tuple(key for (key,) in connection.execute(f"{latest} ORDER BY key"))
    keys = []
    for document in documents:
        if isinstance(document, TextId):
            sql, values = (
                "SELECT key FROM indexed_texts WHERE document_id = ? AND revision = ?",
                tuple(document),
            )
        else:
            sql, values = f"{latest} WHERE document_id = ?", (document,)
        keys += [key for (key,) in connection.execute(sql, values)]
    return tuple(keys)


def languages(connection: sqlite3.Connection, keys: Sequence[int]) -> tuple[str, ...]:
    """The languages of the texts, that of most passages first."""
    rows = connection.execute(
        f"SELECT language FROM {_FROM} WHERE {_in(keys)} GROUP BY language ORDER BY count(*) DESC, language"
    )
    return tuple(language for (language,) in rows)


def count_passages(connection: sqlite3.Connection, keys: Sequence[int] | None = None) -> int:
    """How many passages the texts have, or all."""
    where = "1" if keys is None else _in(keys)
    return int(connection.execute(f"SELECT count(*) FROM passages WHERE {where}").fetchone()[0])


def vocabulary(connection: sqlite3.Connection, keys: Sequence[int]) -> tuple[str, ...]:
    """The different words of the texts, folded, in alphabetical order."""
    rows = connection.execute(f"SELECT words FROM indexed_texts WHERE {_in(keys, 'key')}")
    return tuple(sorted({word for (words,) in rows for word in words.split("\n") if word}))


def matching(
    connection: sqlite3.Connection, expression: str, keys: Sequence[int], limit: int
) -> list[tuple[Passage, float]]:
    """The passages that an FTS5 expression finds, best first, each with FTS5's bm25 turned round: higher is better."""
    if not expression:
        return []
    rows = connection.execute(
        f"SELECT {_COLUMNS}, bm25(passages_words, {', '.join(map(str, _WEIGHTS))}) AS score FROM passages_words"
        f" JOIN passages ON passages.id = passages_words.rowid JOIN indexed_texts ON key = text_key"
        f" WHERE passages_words MATCH ? AND {_in(keys)} ORDER BY score, passages.id LIMIT ?",
        (expression, limit),
    )
    return [(_passage(row[:-1]), -row[-1]) for row in rows]


def passages_where(
    connection: sqlite3.Connection, keys: Sequence[int], condition: str = "1", *values: object
) -> list[Passage]:
    """Passages in the order of the text. `condition`: SQL over the columns of `passages`."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE {_in(keys)} AND {condition} ORDER BY text_key, number", values
    )
    return [_passage(row) for row in rows]


def passages_of(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Passage]:
    """The passages with these ids, in their order; those that are gone are left out."""
    found = {}
    for row in connection.execute(f"SELECT {_COLUMNS} FROM {_FROM} WHERE {_in(ids, 'passages.id')}"):
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


def _in(numbers: Sequence[int], column: str = "text_key") -> str:
    """SQL: the column is one of these; numbers are put in as such, so there may be any number of them."""
    return f"{column} IN ({', '.join(str(int(number)) for number in numbers)})"


def _passage(row: Sequence[object]) -> Passage:
    number_id, document_id, number, first, last, kind, headings, header, pieces, text, revision = row
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
        revision=int(revision),  # type: ignore[call-overload]
    )
