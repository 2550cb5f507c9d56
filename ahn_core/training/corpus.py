"""Training text, tokenized once: one flat array of token ids on disk, and where each document lies in it.

A prepared folder holds `tokens.npy` (uint32), `labels.npy` (bool: the token may be trained on) and `corpus.json`.
Plain text is labelled throughout. Of a chat, the answers are; the document and the questions are only read.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_FORMAT = "ahn-corpus-1"
_PIECE = 1_000_000  # characters tokenized at a time


class CorpusError(ValueError):
    """Data that cannot be trained on; the message is one sentence for the user."""


@dataclass(frozen=True)
class Document:
    """`length` tokens from `start` on, from the file (or line of a file) `name`."""

    name: str
    start: int
    length: int

    @property
    def file(self) -> str:
        """The file it came from, without the line."""
        return self.name.partition(":")[0]


@dataclass(frozen=True)
class Sample:
    """Consecutive tokens of one document: `input_ids` [L] int64, and `labels` [L] bool, which of them count."""

    document: str
    input_ids: Tensor
    labels: Tensor


def prepare(
    files: Sequence[Path],
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    *,
    shortest: int = 1024,
    on_document: Callable[[Document], None] | None = None,
) -> Corpus:
    """Tokenize text files and chat JSONL files into `folder`.

    Each line of a `.jsonl` file is one chat in ChatQA2's layout: `document` (text), `messages` (a list of `role` and
    `content`, the last from the user) and `answers` (a list of texts, of which the first is learnt). Any other file is
    UTF-8 text and one document.

    Args:
        shortest: tokens a document must have to be worth a sample.

    Raises:
        CorpusError: a file is missing, not text, too short, or a chat has wrong keys; nothing is written then.
    """
    documents: list[Document] = []
    ids: list[np.ndarray[Any, Any]] = []
    labels: list[np.ndarray[Any, Any]] = []
    start = 0
    for name, tokens, labelled in _tokenized(files, tokenizer):
        if len(tokens) < shortest:
            raise CorpusError(
                f"{name} has {len(tokens):,} tokens, below the {shortest:,} a document needs to outlast the window, so "
                "nothing was prepared: leave it out or join it with others."
            )
        documents.append(Document(name, start, len(tokens)))
        ids.append(tokens)
        labels.append(labelled)
        start += len(tokens)
        if on_document is not None:
            on_document(documents[-1])
    if not documents:
        raise CorpusError("No file was given, so there is nothing to prepare: name text or .jsonl files.")
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "tokens.npy", np.concatenate(ids))
    np.save(folder / "labels.npy", np.concatenate(labels))
    description = {
        "format": _FORMAT,
        "vocabulary": len(tokenizer),
        "documents": [asdict(document) for document in documents],
    }
    (folder / "corpus.json").write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    return Corpus(folder)


class Corpus:
    """A prepared folder, memory-mapped. Samples are drawn by a random generator the caller owns."""

    def __init__(self, folder: Path) -> None:
        """Raises CorpusError where `folder` was not written by `prepare`."""
        try:
            description = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
            tokens = np.load(folder / "tokens.npy", mmap_mode="r", allow_pickle=False)
            labels = np.load(folder / "labels.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise CorpusError(
                f"{folder} is no prepared corpus ({error}), so there is nothing to train on: make one with "
                "`ahn-chat prepare`."
            ) from error
        if description.get("format") != _FORMAT:
            raise CorpusError(f"{folder} was prepared by another version: prepare it again.")
        self.folder = folder
        self.vocabulary: int = description["vocabulary"]
        self.documents = [Document(**entry) for entry in description["documents"]]
        self._tokens, self._labels = tokens, labels
        self._files: dict[str, list[Document]] = {}
        for document in self.documents:
            self._files.setdefault(document.file, []).append(document)

    def __len__(self) -> int:
        return len(self._tokens)

    def draw(self, rng: random.Random, length: int) -> Sample:
        """A stretch of `length` tokens, or a whole document that is shorter.

        A file is drawn by the square root of its length: by length the longest would drown the rest, and all alike
        would have the shortest repeated. Within a file, by length.
        """
        sizes = [sum(document.length for document in documents) for documents in self._files.values()]
        (documents,) = rng.choices(list(self._files.values()), [math.sqrt(size) for size in sizes])
        (document,) = rng.choices(documents, [document.length for document in documents])
        taken = min(length, document.length)
        start = document.start + rng.randrange(document.length - taken + 1)
        span = slice(start, start + taken)
        return Sample(
            document.name,
            torch.from_numpy(self._tokens[span].astype(np.int64)),
            torch.from_numpy(np.array(self._labels[span])),
        )


def _tokenized(
    files: Iterable[Path], tokenizer: PreTrainedTokenizerFast
) -> Iterator[tuple[str, np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise CorpusError(
                f"{file} cannot be read ({error.strerror}), so nothing was prepared: check the path."
            ) from error
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{file} is not UTF-8 text (byte {error.start}), so nothing was prepared: convert it or leave it out."
            ) from error
        if file.suffix.lower() == ".jsonl":
            for number, line in enumerate(text.splitlines(), 1):
                if line.strip():
                    yield _chat(f"{file.name}:{number}", line, tokenizer)
        else:
            tokens = _encode(tokenizer, text)
            yield file.name, tokens, np.ones(len(tokens), dtype=np.bool_)


def _chat(
    name: str, line: str, tokenizer: PreTrainedTokenizerFast
) -> tuple[str, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise CorpusError(f"{name} is not JSON ({error}), so nothing was prepared: mend the line.") from error
    layout = {"document": str, "messages": list, "answers": list}
    wrong = [
        key
        for key, kind in layout.items()
        if not isinstance(entry, dict) or not isinstance(entry.get(key), kind)
    ]
    if wrong or not entry["messages"] or not entry["answers"]:
        what = " and ".join(wrong) or "messages and answers"
        raise CorpusError(
            f"{name} has no usable {what}, so nothing was prepared: a chat is an object with `document` (text), "
            "`messages` (role and content each) and `answers` (texts)."
        )
    messages = [dict(message) for message in entry["messages"]]
    messages[0]["content"] = f"{entry['document']}\n\n{messages[0]['content']}"
    asked = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    prompt = _encode(tokenizer, str(asked))
    answer = _encode(tokenizer, f"{entry['answers'][0]}{tokenizer.eos_token or ''}")
    labels = np.concatenate((np.zeros(len(prompt), dtype=np.bool_), np.ones(len(answer), dtype=np.bool_)))
    return name, np.concatenate((prompt, answer)), labels


def _encode(tokenizer: PreTrainedTokenizerFast, text: str) -> np.ndarray[Any, Any]:
    """Token ids without special tokens added. A long text goes in pieces that end at a line, as the tokenizer is slow
    to split millions of characters at once.
    """
    pieces, piece, size = [], [], 0
    for line in text.splitlines(keepends=True):
        piece.append(line)
        size += len(line)
        if size >= _PIECE:
            pieces.append("".join(piece))
            piece, size = [], 0
    pieces.append("".join(piece))
    ids = [
        np.asarray(tokenizer.encode(part, add_special_tokens=False), dtype=np.uint32)
        for part in pieces
        if part
    ]
    return np.concatenate(ids) if ids else np.zeros(0, dtype=np.uint32)
