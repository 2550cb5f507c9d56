"""The passages of a context for a question: what the column `recall` reads beside the context itself."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from app.documents import Extracted
from app.documents.text import split_pages
from app.recall import Aids, WordVectors, index_document, recall
from app.store import Store

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from ahn_core import AHNForCausalLM

_HEAD = "\n\nPassages of the text above that may answer the question:\n"


class Lookup:
    """Looks passages up in one context after the other; a context that comes again is not indexed again.

    Close it: its store lies in a folder of its own, which goes with it.
    """

    def __init__(self, model: AHNForCausalLM, tokenizer: PreTrainedTokenizerFast, budget: int) -> None:
        def encode(text: str) -> list[int]:
            return list(tokenizer.encode(text, add_special_tokens=False))

        self._budget = budget
        self._aids = Aids(WordVectors.of_model(model, encode), count=lambda text: len(encode(text)))
        self._folder = tempfile.TemporaryDirectory(prefix="ahn-chat-eval-")
        self._store = Store(Path(self._folder.name))
        self._documents: dict[str, str] = {}

    def passages(self, context: str, question: str) -> str:
        """The best passages within the budget, as text to stand behind the context; "" where nothing fits it."""
        digest = hashlib.sha256(context.encode("utf-8", "replace")).hexdigest()
        if digest not in self._documents:
            pages = tuple(split_pages(context))
            document = self._store.documents.add(Extracted.of_texts("context.txt", "txt", digest, pages))
            index_document(self._store, document.id)
            self._documents[digest] = document.id
        with self._store.database.reading() as connection:
            found = recall(connection, question, (), [self._documents[digest]], self._budget, self._aids)
        if not found.passages:
            return ""
        return _HEAD + "\n".join(f"[{number}] {one.text}" for number, one in enumerate(found.passages, 1))

    def close(self) -> None:
        self._store.close()
        self._folder.cleanup()
