"""Looking things up in the documents' text for a question: passages to read, sentences to quote.

Words alone choose first, in some hundredths of a second and without the device; the model's own likelihoods then choose
better among the same passages. What a document needs for that (its passages in the store, its words as vectors, its
facts for the checks) is made once, in a thread of its own as soon as a chat has it, or at the first question.
"""

from __future__ import annotations

import logging
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.conversation.errors import ChatError
from app.conversation.evidence import Evidence, ProsePlace, TurnQuote, UsedPassage
from app.conversation.prose import prose_place
from app.store import StoreError, TextId, UnknownDocument

if TYPE_CHECKING:
    from ahn_core import AHNForCausalLM
    from app.conversation.prompt import TextEncoder
    from app.recall import Aids, Hit, Judge, Passage, Quote, Quotes, Recalled
    from app.recall.index import TextIndex
    from app.recall.sense import SentenceEncoder
    from app.store import Store

log = logging.getLogger(__name__)
JUDGED_TOKENS = 2000  # about what the model reads to judge the sentences of one question
_KEPT_CHARACTERS = 8_000_000  # of texts whose facts stay in memory, about 20 bytes each


class Found:
    """What words found for a question; `evidence` may be asked again with a judge."""

    def __init__(self, lookup: Lookup, recalled: Recalled, texts: Sequence[TextId], budget: int) -> None:
        self._lookup = lookup
        self._recalled = recalled
        self._texts = tuple(texts)
        self._budget = budget

    def evidence(self, judge: Judge | None = None) -> Evidence:
        """The passages and the best quotes. With `judge` it needs the device."""
        return self._lookup.choose(self._recalled, self._texts, self._budget, judge)


class Lookup:
    """The full-text index of the library with the loaded model's aids. May be used from any thread."""

    def __init__(self, model: AHNForCausalLM, encoder: TextEncoder, store: Store) -> None:
        self._model = model
        self._encoder = encoder
        self._store = store
        self._lock = threading.Lock()  # over the line of texts to prepare
        # Nothing is made twice, and what takes long keeps nobody waiting who wants something else.
        self._making_aids, self._making_facts, self._indexing = (
            threading.Lock(),
            threading.Lock(),
            threading.Lock(),
        )
        self._aids: Aids | None = None
        self._encode_meaning: SentenceEncoder | None = None  # of the extra, once it is loaded
        self._facts: OrderedDict[TextId, TextIndex] = OrderedDict()
        self._waiting: list[TextId] = []
        self._preparing: threading.Thread | None = None
        self._closed = False

    @property
    def prose(self) -> ProsePlace:
        """Where this model's prose stands beside the quotes."""
        return prose_place(self._model, self._store.folder)

    # -- before questions --------------------------------------------------------------------------------------------

    def prepare(self, texts: Sequence[TextId]) -> None:
        """Make, in the background, what questions about these texts need."""
        with self._lock:
            self._waiting += [text for text in texts if text not in self._waiting]
            if self._preparing is None and self._waiting and not self._closed:
                self._preparing = threading.Thread(
                    target=self._prepare_all, name="prepare-texts", daemon=True
                )
                self._preparing.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait until nothing is being prepared."""
        thread = self._preparing
        if thread is not None:
            thread.join(timeout)

    def close(self, timeout: float) -> None:
        """Prepare nothing any more."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
        self.join(timeout)

    def _prepare_all(self) -> None:
        while True:
            with self._lock:
                if self._closed or not self._waiting:
                    self._preparing = None
                    return
                text = self._waiting.pop(0)
            try:
                self.index(text)
                if not self._closed:
                    self._warm(text)
                    self.facts(text)
                    self._embed(text)
            except UnknownDocument:
                continue  # deleted meanwhile
            except StoreError as error:  # a question tries again, and tells
                log.warning("A text could not be prepared for questions: %s", error)

    def index(self, text: TextId) -> None:
        """Make a text searchable, unless it is. Raises StoreError."""
        from app.recall import index_document

        with self._indexing:
            index_document(self._store, *text)

    def _warm(self, text: TextId) -> None:
        """Have the vectors of the text's words made before they are asked for."""
        from app.recall import fulltext

        with self._store.database.reading() as connection:
            words = fulltext.vocabulary(connection, fulltext.keys_of(connection, [text]))
        vectors = self.aids().vectors
        if vectors is not None and vectors.know(words):
            vectors.prepare(words)

    def _embed(self, text: TextId) -> None:
        """Have the text's passages found by their meaning, where the extra for that is installed. Takes minutes for a
        long text, meanwhile words find them; goes on where it was left."""
        from app.recall import sense

        if self._encode_meaning is None and sense.is_available():
            try:
                self._encode_meaning = sense.SentenceEncoder.load()
            except sense.SenseError as error:
                log.warning("%s", error)
                return
            with self._making_aids:
                self._aids = None  # made anew with it
        if self._encode_meaning is not None:
            sense.embed_document(
                self._store, text.document_id, self._encode_meaning, text.revision, stop=lambda: self._closed
            )

    def aids(self) -> Aids:
        """What recall uses of the loaded model, and of the extra that knows meanings."""
        from app.recall import Aids, WordVectors
        from app.recall.sense import Sense

        with self._making_aids:
            if self._aids is None:
                encode = self._encoder.encode
                vectors = WordVectors.of_model(self._model, encode)
                meaning = self._encode_meaning
                self._aids = Aids(
                    vectors,
                    None if meaning is None else Sense(self._store.database, meaning),
                    count=lambda text: len(encode(text)),
                )
            return self._aids

    def facts(self, text: TextId) -> TextIndex:
        """The facts of a text by page, to hold answers against. Raises StoreError."""
        from app.recall.index import TextIndex
        from app.recall.sources import Source

        with self._making_facts:
            if text in self._facts:
                self._facts.move_to_end(text)
                return self._facts[text]
            name = self._store.documents.get(*text).name
            pages = self._store.documents.layout(text.document_id, revision=text.revision)
            sources = [
                Source(text.document_id, name, number, page.label or str(number), page.text)
                for number, page in enumerate(pages, 1)
            ]
            made = self._facts[text] = TextIndex(sources)
            while len(self._facts) > 1 and self._held() > _KEPT_CHARACTERS:
                self._facts.popitem(last=False)
            return made

    def _held(self) -> int:
        return sum(len(source.text) for index in self._facts.values() for source in index.sources)

    def forget(self, document_id: str) -> None:
        """Keep nothing in memory of a document that was deleted."""
        with self._lock:
            self._waiting = [text for text in self._waiting if text.document_id != document_id]
        with self._making_facts:
            for text in [text for text in self._facts if text.document_id == document_id]:
                del self._facts[text]

    # -- questions ---------------------------------------------------------------------------------------------------

    def texts(self, wanted: Sequence[TextId]) -> list[TextId]:
        """Those of the texts that are there, each made searchable. Raises ChatError where the store fails."""
        there = []
        for text in wanted:
            try:
                self.index(text)
            except UnknownDocument:
                continue  # deleted: what was read of it is gone too
            except StoreError as error:
                raise ChatError(str(error)) from error
            there.append(text)
        return there

    def find(self, question: str, history: Sequence[str], texts: Sequence[TextId], budget: int) -> Found:
        """Passages of `texts`, which are searchable, for a question after those of `history`.

        budget: tokens that the passages may take. Needs no device. Raises ChatError where the store fails.
        """
        from app.recall import recall

        try:
            with self._store.database.reading() as connection:
                recalled = recall(connection, question, history, list(texts), budget, self.aids())
        except StoreError as error:
            raise ChatError(str(error)) from error
        return Found(self, recalled, texts, budget)

    def judge(self, opening: Sequence[int]) -> Judge:
        """The model as a judge of sentences; `opening` is what opens a user's turn in its template."""
        from app.recall import LikelihoodJudge

        return LikelihoodJudge(self._model, self._encoder.encode, opening)

    def choose(
        self, recalled: Recalled, texts: Sequence[TextId], budget: int, judge: Judge | None
    ) -> Evidence:
        """Quotes out of what was recalled, and the passages to read, in the order that the quotes give them.

        With `judge` it needs the device. Raises ChatError where the store fails.
        """
        from app.recall import choose_quotes, fit

        try:
            with self._store.database.reading() as connection:
                # Words alone choose at once, so the sentences' meanings are compared with the second choice.
                meaning = None if judge is None else self._encode_meaning
                chosen = choose_quotes(connection, recalled, judge, sense=meaning)
                passages = (
                    fit(chosen.ranked, budget, self.aids().count) if chosen.ranked else recalled.passages
                )
            names = {text.document_id: self._store.documents.get(*text).name for text in texts}
        except StoreError as error:
            raise ChatError(str(error)) from error
        nothing_asked = not recalled.looked_at and not recalled.query.terms and not recalled.query.codes
        return Evidence(
            passages=tuple(_used(passage, names[passage.document_id]) for passage in passages),
            quotes=_quotes(chosen, names),
            found=None if nothing_asked else recalled.found and chosen.found,  # "Thanks!" is no question
            searched=tuple((text.document_id, text.revision) for text in texts),
            prose=self.prose,
        )

    def search(self, query: str, document_ids: Sequence[str] | None = None, limit: int = 20) -> list[Hit]:
        """Places for what somebody typed into a search box, in these documents or in all. Raises StoreError."""
        from app.recall import search

        documents = self._store.documents
        wanted = [document.id for document in documents.list()] if document_ids is None else document_ids
        for document_id in wanted:
            self.index(documents.get(document_id).text)
        with self._store.database.reading() as connection:
            return search(connection, query, document_ids, limit)


def _used(passage: Passage, name: str) -> UsedPassage:
    return UsedPassage(
        passage.document_id, name, passage.revision, passage.first_page, passage.label,
        tuple((piece.page, piece.start, piece.end) for piece in passage.pieces), passage.text,
        tuple(piece.at for piece in passage.pieces),
    )  # fmt: skip


def _quotes(chosen: Quotes, names: dict[str, str]) -> tuple[TurnQuote, ...]:
    return tuple(_quote(quote, names[quote.document_id]) for quote in chosen.quotes)


def _quote(quote: Quote, name: str) -> TurnQuote:
    """With page and label of its core, and where in its one line each of its places begins."""
    passage = quote.passage
    raw = passage.text[quote.start : quote.end]
    starts: list[int] = []
    for piece in passage.pieces:
        if piece.at < quote.end and quote.start < piece.at + piece.end - piece.start:
            before = raw[: max(piece.at - quote.start, 0)]
            starts.append(len(" ".join(before.split())) + (1 if before[-1:].isspace() else 0))
    at = bisect_right(starts, quote.core[0]) - 1
    page = quote.places[max(at, 0)][0]
    label = quote.label if page == quote.page else passage.labels[1]
    return TurnQuote(
        quote.document_id, name, quote.revision, page, label, quote.places, quote.text, quote.core,
        round(quote.score, 4), tuple(starts), quote.in_words,
    )  # fmt: skip
