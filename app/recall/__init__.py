"""Recall: passages of the documents for a question, and an answer held against them.

    index_document(store, document.id)                              # once, after it was added
    search(connection, "crane weighs")                              # hits with page and marked words; no model
    recalled = recall(connection, "How heavy is it?", history, [document.id], budget=480, aids=aids)
    quotes = choose_quotes(connection, recalled, judge)
    quotes.found, [(quote.text, quote.label) for quote in quotes.quotes]
    fit(quotes.ranked, budget)                                      # passages for the window, in the better order

`app.recall.sense` searches by meaning too, where its extra is installed.

`connection` is one of `app.store.Database.reading()`.
"""

from __future__ import annotations

from app.recall import fulltext
from app.recall.judge import Judge, LikelihoodJudge
from app.recall.passages import Passage, cut_passages
from app.recall.quotes import Quote, Quotes, choose_quotes
from app.recall.recall import Aids, Recalled, fit, recall
from app.recall.related import WordVectors
from app.recall.search import Hit, search
from app.store import Store, TextId

__all__ = [
    "Aids",
    "Hit",
    "Judge",
    "LikelihoodJudge",
    "Passage",
    "Quote",
    "Quotes",
    "Recalled",
    "WordVectors",
    "choose_quotes",
    "cut_passages",
    "fit",
    "index_document",
    "recall",
    "search",
]


def index_document(store: Store, document_id: str, revision: int | None = None) -> int:
    """Make a document's text searchable, by default the latest one, unless it is already; returns its passages' number.

    One transaction. Raises StoreError, UnknownDocument.
    """
    document = store.documents.get(document_id, revision)
    text: TextId = document.text
    with store.database.reading() as connection:
        if fulltext.is_indexed(connection, text):
            return fulltext.count_passages(connection, fulltext.keys_of(connection, [text]))
    pages = store.documents.layout(document_id, revision=text.revision)
    outline = store.documents.outline(document_id, revision=text.revision)
    prepared = fulltext.prepare(text, pages, outline)  # before the transaction: others can write meanwhile
    with store.database.writing() as connection:
        return fulltext.put(connection, prepared)
