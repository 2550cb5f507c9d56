"""`ahn-chat eval recall --needles`: what is still known of single facts once a long text has been read.

A text of about 8k, 32k and 128k tokens with a hundred needles (`app.evaluation.needles`) is read once for each kind of
memory, and every needle is asked for from a copy of that cache, in a chat as the page holds it. Full attention, sinks
and window, and AHN answer from memory alone; AHN with recall has the passages and quotations that are looked up, too.
Each answer is a line of JSON as soon as it is there, so a measurement that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from app.evaluation import needles
from app.evaluation.needles import Needle
from app.options import CommandFailed
from app.progress import ProgressLine
from app.recall import choose_quotes, index_document, recall

if TYPE_CHECKING:
    from app.conversation import Chat, Engine
    from app.conversation.events import Turn
    from app.conversation.settings import MemoryKind
    from app.store import Store

Column = Literal["full", "window", "ahn", "ahn + recall", "words"]
COLUMNS: tuple[Column, ...] = ("full", "window", "ahn", "ahn + recall")
_MEMORY: dict[Column, MemoryKind] = {"full": "full", "window": "window", "ahn": "ahn", "ahn + recall": "ahn"}
_BEGINS = '{"model": '  # each row of the results
MOST_TOKENS = 32  # of an answer: a fact is said by then
_ROUND = 4  # needles of each depth that are asked for before the next memory and text are
_BESIDE_TEXT = 192  # tokens that system prompt, question and answer may take after the text


class _HasText(Protocol):
    @property
    def text(self) -> str: ...


class Results:
    """The answers that there are, in memory and, where a file was named, in it; one JSON object a line."""

    def __init__(self, file: Path | None = None) -> None:
        """Raises CommandFailed for a file that holds something else."""
        self._file = file
        self._rows: dict[str, dict[str, Any]] = {}
        if file is None or not file.exists():
            return
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
            if lines and _is_torn(lines[-1]):
                del lines[-1]
                file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            for row in map(json.loads, lines):
                self._rows[_key(row)] = row
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandFailed(
                f"{file} holds no results of needles ({error}), so it was left as it is: name another file."
            ) from error

    def get(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to this needle: same model, text, column and question; None: not asked yet."""
        return self._rows.get(_key(row))

    def add(self, row: dict[str, Any]) -> None:
        """Keep a row at once. Raises CommandFailed where it cannot be written."""
        self._rows[_key(row)] = row
        if self._file is not None:
            try:
                with self._file.open("a", encoding="utf-8") as opened:
                    opened.write(f"{json.dumps(row, ensure_ascii=False)}\n")
            except OSError as error:
                raise CommandFailed(
                    f"The results cannot be written to {self._file} ({error.strerror}): name another file."
                ) from error


def _is_torn(line: str) -> bool:
    """Whether a line is the beginning of a row, as a run that was killed leaves it."""
    return (line.startswith(_BEGINS) or _BEGINS.startswith(line)) and not line.endswith("}")


def _key(row: dict[str, Any]) -> str:
    return json.dumps([row[name] for name in ("model", "text", "column", "question")])


@dataclass(frozen=True)
class Measured:
    """Rows of one model, and why columns are empty."""

    model: str
    rows: list[dict[str, Any]]
    notes: list[str]


def by_words(
    store: Store, texts: Sequence[str], budget: int, results: Results, progress: ProgressLine
) -> Measured:
    """Look up every needle that `results` lacks by words alone, without a model."""
    measured = Measured("words alone", [], [])
    for length in needles.LENGTHS:
        document_id, digest = _text(store, texts, length, None)
        index_document(store, document_id)
        for number, needle in enumerate(needles.NEEDLES):
            progress(f"Needles in {length:,} tokens: {number} of {len(needles.NEEDLES)}")
            row = _row(measured.model, length, digest, "words", needle)
            if results.get(row) is None:
                with store.database.reading() as connection:
                    recalled = recall(connection, needle.question, (), [document_id], budget)
                    quotes = choose_quotes(connection, recalled)
                found = _found(needle, recalled.passages, quotes.quotes, "")
                results.add(row | found)
            measured.rows.append(results.get(row) or row)
    return measured


def in_chats(engine: Engine, texts: Sequence[str], results: Results, progress: ProgressLine) -> Measured:
    """Ask for every needle that `results` lacks in chats.

    Raises CommandFailed where a question gets no answer.
    """
    from app.conversation.prompt import TextEncoder
    from app.conversation.prose import fingerprint

    measured, encoder = Measured(fingerprint(engine.model), [], []), TextEncoder(engine.tokenizer)
    most = engine.model.config.max_position_embeddings
    documents = {
        length: _text(engine.store, texts, length, lambda text: len(encoder.encode(text)))
        for length in needles.LENGTHS
    }
    wanted: list[tuple[int, Column]] = []
    for length, column in product(needles.LENGTHS, COLUMNS):
        if column == "full" and length + _BESIDE_TEXT > most:
            measured.notes.append(
                f"full attention over {length:,} tokens: the model was trained for {most:,}"
            )
        else:
            wanted.append((length, column))
    for some in _rounds():
        for length, column in wanted:
            document_id, digest = documents[length]
            rows = [(needle, _row(measured.model, length, digest, column, needle)) for needle in some]
            missing = [(needle, row) for needle, row in rows if results.get(row) is None]
            if missing:
                _ask_all(engine, document_id, column, missing, results, progress)
            measured.rows.extend(results.get(row) or row for _, row in rows)
    return measured


def _rounds() -> Iterator[list[Needle]]:
    """The needles, some of each depth at a time, so that what there is of a run that was ended says something of all.

    A text is read in the first round; later ones have the reading from disk.
    """
    by_depth = [[needle for needle in needles.NEEDLES if needle.depth == depth] for depth in needles.DEPTHS]
    rounds = -(-max(map(len, by_depth)) // _ROUND)
    for number in range(rounds):
        yield [needle for some in by_depth for needle in some[number::rounds]]


def _ask_all(
    engine: Engine,
    document_id: str,
    column: Column,
    missing: Sequence[tuple[Needle, dict[str, Any]]],
    results: Results,
    progress: ProgressLine,
) -> None:
    """Read the text with this kind of memory and ask for the needles, each afresh."""
    settings = replace(
        engine.default_settings(),
        memory=_MEMORY[column],
        recall=column == "ahn + recall",
        max_new_tokens=MOST_TOKENS,
    )
    chat = engine.new_chat(settings)
    try:
        chat.add_document(document_id)
        while chat.reading:
            (state,) = chat.documents
            progress(
                f"Reading with {column}: {state.tokens_done:,} of {state.tokens_total:,} tokens",
                state.fraction,
            )
            time.sleep(0.2)
        for number, (needle, row) in enumerate(missing):
            progress(f"Asking {column}: needle {number} of {len(missing)}", number / len(missing))
            began = time.perf_counter()
            turn = _ask(chat, needle)
            found = _found(needle, turn.passages, turn.quotes, turn.answer)
            seconds = round(time.perf_counter() - began, 2)
            results.add(row | found | {"prose_text": turn.answer, "seconds": seconds})
    finally:
        engine.delete_chat(chat.id)


def _ask(chat: Chat, needle: Needle) -> Turn:
    from app.conversation.events import AnswerFailed, AnswerFinished

    chat.clear()
    for event in chat.ask(needle.question):
        if isinstance(event, AnswerFinished):
            return event.turn
        if isinstance(event, AnswerFailed):
            raise CommandFailed(event.message)
    raise CommandFailed(
        "A needle was not asked for to the end, so the rest is missing: run the same command again."
    )


def _text(
    store: Store, texts: Sequence[str], length: int, count: Callable[[str], int] | None
) -> tuple[str, str]:
    """The id of the library's document with the needles, and the digest of its text."""
    from app.documents import Extracted

    try:
        pages = needles.haystack(texts, length, count or needles.count_words, needles.NEEDLES)
    except ValueError as error:
        raise CommandFailed(f"No needles can be hidden ({error}): name longer documents.") from error
    digest = hashlib.sha256("\f".join(page.text for page in pages).encode()).hexdigest()
    return store.documents.add(Extracted(f"needles-{length}.txt", "txt", digest, tuple(pages))).id, digest[
        :12
    ]


def _holds(text: str, needle: Needle) -> bool:
    return " ".join(needle.sentence.split()) in " ".join(text.split())


def _row(model: str, length: int, digest: str, column: Column, needle: Needle) -> dict[str, Any]:
    return {
        "model": model,
        "tokens": length,
        "text": digest,
        "column": column,
        "depth": needle.depth,
        "question": needle.question,
    }


def _found(
    needle: Needle, passages: Sequence[_HasText], quotes: Sequence[_HasText], prose: str
) -> dict[str, bool]:
    """Whether its sentence stands in a passage that was looked up, its answer in the quotations, and in the prose."""
    return {
        "passage": any(_holds(passage.text, needle) for passage in passages),
        "quotes": any(needle.answered_by(quote.text) for quote in quotes),
        "prose": needle.answered_by(prose),
    }


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each length and depth, and all depths of a length ("all"), the shares of each column; None: not asked."""
    report = []
    for length in sorted({row["tokens"] for row in rows}):
        for depth in (*needles.DEPTHS, "all"):
            some = [row for row in rows if row["tokens"] == length and depth in ("all", row["depth"])]
            line: dict[str, Any] = {"tokens": length, "depth": depth}
            for column in ("full", "window", "ahn"):
                line[column] = _share([row["prose"] for row in some if row["column"] == column])
            looked_up = [row for row in some if row["column"] in ("ahn + recall", "words")]
            for name in ("passage", "quotes", "prose"):
                line[name] = _share([row[name] for row in looked_up])
            line["either"] = _share([row["quotes"] or row["prose"] for row in looked_up])
            line["needles"] = max(
                sum(row["column"] == column for row in some) for column in (*COLUMNS, "words")
            )
            report.append(line)
    return report


def _share(hits: Sequence[bool]) -> float | None:
    return round(sum(hits) / len(hits), 4) if hits else None


def table(measured: Measured) -> str:
    """The shares for people."""
    columns = ("full", "window", "ahn", "passage", "quotes", "prose", "either")
    lines = [
        f"{measured.model}: needles answered",
        "with recall: passage found; answer in the quotations, in the prose, in either",
        "",
        f"{'tokens':>9}{'depth':>7}{'needles':>9}" + "".join(f"{name:>9}" for name in columns),
    ]
    for row in summary(measured.rows):
        depth = row["depth"] if row["depth"] == "all" else format(row["depth"], ".0%")
        cells = "".join(f"{'–' if row[name] is None else format(row[name], '.0%'):>9}" for name in columns)
        lines.append(f"{row['tokens']:>9,}{depth:>7}{row['needles']:>9}{cells}")
    return "\n".join([*lines, *(f"not asked: {note}" for note in measured.notes)])
