"""`ahn-chat eval recall`: whether the passages that are recalled and the sentences that are quoted hold the answers.

For each question about a document: is the page of the answer among the first 3, 5 and 8 passages, does the answer stand
in the first 1, 2 and 3 quotations, is a question that the document does not answer called so, and how long did it take.
With --needles, single facts hidden in the documents' own text at five depths instead.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import options, paths
from app.evaluation import answers, needle_answers
from app.evaluation.files import files_of
from app.evaluation.questions import Question, corpus_files, own_questions, read_questions
from app.options import CommandFailed, OptionError
from app.progress import ProgressLine
from app.recall import Aids, Judge, LikelihoodJudge, WordVectors, choose_quotes, index_document, recall, sense
from app.recall.sense import SenseError, SentenceEncoder
from app.store import Store

if TYPE_CHECKING:
    from app.conversation import Engine

_RANKS = (3, 5, 8)  # first passages that are looked at
_QUOTES = (1, 2, 3)


@dataclass(frozen=True)
class Outcome:
    """What became of one question.

    passage: the place of the first passage with a right page, from 1; 0: none. quote: the same for the first quotation
    with an answer. seconds: to the quotations. failure: its kind, "" where all is well.
    """

    document: str
    question: str
    answerable: bool
    passage: int
    quote: int
    found: bool
    confidence: float
    seconds: float
    failure: str
    quotes: tuple[str, ...]
    sure: bool = True  # nothing that an answer must have is missing
    signs: Mapping[str, float] = field(default_factory=dict)  # see app.recall.evidence


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat eval recall`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat eval recall",
        description="Measure whether recalled passages and quotations hold the answers to questions.",
        allow_abbrev=False,
    )
    result.add_argument("measure", choices=("recall",), help=argparse.SUPPRESS)
    source = result.add_argument_group("documents and questions")
    source.add_argument("--documents", nargs="+", metavar="PATH", help="files, or folders of files")
    source.add_argument(
        "--corpus",
        metavar="FOLDER",
        help="the manuals of the app's own questions, out of Debian's packages unpacked here",
    )
    source.add_argument(
        "--questions", nargs="+", metavar="FILE", help="JSON lines (default: the app's own, dev and test)"
    )
    source.add_argument(
        "--needles",
        action="store_true",
        help="instead of questions: facts hidden in the documents' text at five depths of three lengths, asked for "
        "with each kind of memory",
    )
    source.add_argument(
        "--results",
        metavar="FILE",
        help="keep what became of each needle in FILE, one JSON object a line, and ask for none again that is there",
    )
    result.add_argument(
        "--answers",
        choices=("read", "unread"),
        help="also ask each question in a chat, as the page does, after its document was read or before: right in "
        "quotes, in the model's prose",
    )
    result.add_argument(
        "--keep",
        action="store_true",
        help="keep what --answers finds of this model in the data folder: it decides from then on whether the model's "
        "prose or the quotes come first",
    )
    result.add_argument(
        "--words-alone", action="store_true", help="load no model: passages and quotations by words alone"
    )
    result.add_argument(
        "--sense", action="store_true", help="with the sentence model of the extra ahn-chat[sense] too"
    )
    result.add_argument(
        "--fit",
        metavar="FILE",
        help="write to FILE the weights by which questions are told to be answered, fitted to these",
    )
    result.add_argument(
        "--budget",
        type=options.whole_number,
        default=1600,
        metavar="N",
        help="tokens of passages (default %(default)s)",
    )
    result.add_argument(
        "--json", action="store_true", help="print JSON with every question instead of the tables"
    )
    options.add_model_arguments(result)
    return result


def main(argv: Sequence[str]) -> int:
    """Measure; returns the exit status. Raises CommandFailed with one sentence."""
    arguments = parser().parse_args(argv)
    if not arguments.documents and not arguments.corpus:
        raise OptionError("No document was named, so nothing can be recalled: give --documents or --corpus.")
    if arguments.keep and not arguments.answers:
        raise OptionError("There is nothing to --keep without --answers: give --answers unread, too.")
    if arguments.budget < 1:
        raise OptionError(
            f"A budget of {arguments.budget} tokens holds no passage: give --budget at least 1."
        )
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    if arguments.needles:
        return _needles(arguments, folder)
    questions = [
        question
        for file in map(Path, arguments.questions or own_questions())
        for question in read_questions(file)
    ]
    progress = ProgressLine(sys.stderr)
    with ExitStack() as stack:
        stack.callback(progress.clear)
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ahn-chat-recall-")))
        aids, judge, name = Aids(), None, "words alone"
        if not arguments.words_alone:
            aids, judge, name = _load(arguments, folder, progress)
        encoder = _encoder() if arguments.sense else None
        store = stack.enter_context(Store(scratch / "store"))
        documents = _add(store, _files(arguments, scratch), progress)
        if encoder is not None:
            name += f" and {sense.MODEL}"
            for number, document_id in enumerate(documents.values()):
                progress("Embedding the passages", number / len(documents))
                sense.embed_document(store, document_id, encoder)
            aids = replace(aids, vector_search=sense.Sense(store.database, encoder))
        report = evaluate(store, documents, questions, aids, judge, arguments.budget, progress, encoder)
        report["model"] = name
        if arguments.answers:
            report["answers"] = _answers(arguments, folder, scratch, questions, progress)
            if arguments.keep:
                answers.keep(folder, report["answers"])
        if arguments.fit:
            from app.evaluation.fit import write_fit

            write_fit(Path(arguments.fit), report)
    print(json.dumps(report, indent=1, ensure_ascii=False) if arguments.json else table(report))
    return 0


def _needles(arguments: argparse.Namespace, folder: Path) -> int:
    """Measure needles instead of questions; returns the exit status."""
    progress = ProgressLine(sys.stderr)
    results = needle_answers.Results(Path(arguments.results) if arguments.results else None)
    with ExitStack() as stack:
        stack.callback(progress.clear)
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ahn-chat-needles-")))
        store = stack.enter_context(Store(scratch / "store"))
        ids = _add(store, _files(arguments, scratch), progress)
        texts = ["\n\n".join(store.documents.pages(document_id)) for document_id in ids.values()]
        if arguments.words_alone:
            measured = needle_answers.by_words(store, texts, arguments.budget, results, progress)
        else:
            engine = _engine(arguments, folder, scratch, progress)
            stack.callback(engine.close)
            measured = needle_answers.in_chats(engine, texts, results, progress)
    if arguments.json:
        report = needle_answers.summary(measured.rows)
        print(json.dumps({"model": measured.model, "needles": report, "notes": measured.notes}, indent=1))
    else:
        print(needle_answers.table(measured))
    return 0


def _answers(
    arguments: argparse.Namespace,
    folder: Path,
    scratch: Path,
    questions: Sequence[Question],
    progress: ProgressLine,
) -> dict[str, Any]:
    """The same questions asked in chats of an engine of their own."""
    engine = _engine(arguments, folder, scratch, progress)
    try:
        documents = _add(engine.store, _files(arguments, scratch), progress)
        return answers.ask_all(engine, documents, questions, arguments.answers, progress)
    finally:
        engine.close()


def _engine(arguments: argparse.Namespace, folder: Path, scratch: Path, progress: ProgressLine) -> Engine:
    """An engine with a library of its own. Raises CommandFailed where the model cannot be loaded."""
    from ahn_core import ConfigError, LoadError
    from ahn_core.zoo import ZooError
    from app import startup

    paths.prepare(folder)
    try:
        return startup.load_engine(options.model_options(arguments), folder, progress, scratch / "chats")
    except (ConfigError, LoadError, ZooError) as error:
        raise CommandFailed(str(error)) from error


def _encoder() -> SentenceEncoder:
    try:
        return SentenceEncoder.load()
    except SenseError as error:
        raise CommandFailed(str(error)) from error


def _files(arguments: argparse.Namespace, scratch: Path) -> list[Path]:
    files = files_of(arguments.documents or ())
    if arguments.corpus:
        copies = scratch / "corpus"
        copies.mkdir(exist_ok=True)
        files += corpus_files(Path(arguments.corpus), copies)
    return files


def _add(store: Store, files: Sequence[Path], progress: ProgressLine) -> dict[str, str]:
    """Read and index the files; the ids of the documents by the files' names."""
    from app.documents import DocumentError, extract

    ids: dict[str, str] = {}
    for file in files:
        progress(f"Indexing {file.name}")
        try:
            document = store.documents.add(extract(file))
        except DocumentError as error:
            progress.note(f"Left out: {error}")
            continue
        index_document(store, document.id)
        ids[file.name] = document.id
    if not ids:
        raise CommandFailed("None of the documents could be read, so nothing can be recalled: name others.")
    return ids


def _load(arguments: argparse.Namespace, folder: Path, progress: ProgressLine) -> tuple[Aids, Judge, str]:
    from ahn_core import ConfigError, LoadError
    from ahn_core.zoo import ZooError
    from app.conversation.prompt import PromptLayout, TextEncoder
    from app.models.loading import load

    paths.prepare(folder)
    try:
        model, tokenizer = load(options.model_options(arguments), folder, progress)
    except (LoadError, ConfigError, ZooError) as error:
        raise CommandFailed(str(error)) from error
    encoder = TextEncoder(tokenizer)
    layout = PromptLayout.from_tokenizer(tokenizer, encoder, "")
    aids = Aids(WordVectors.of_model(model, encoder.encode), count=lambda text: len(encoder.encode(text)))
    return aids, LikelihoodJudge(model, encoder.encode, layout.opening), model.name


def evaluate(
    store: Store,
    documents: dict[str, str],
    questions: Sequence[Question],
    aids: Aids,
    judge: Judge | None,
    budget: int,
    progress: ProgressLine,
    encoder: SentenceEncoder | None = None,
) -> dict[str, Any]:
    """Ask every question whose document is there. documents: ids by file name. The report, as JSON has it."""
    asked = [question for question in questions if question.document in documents]
    texts = {name: store.documents.pages(document_id) for name, document_id in documents.items()}
    outcomes = []
    for number, question in enumerate(asked, 1):
        progress(f"Asking: question {number} of {len(asked)}", number / len(asked))
        pages = question.pages(texts[question.document])
        outcomes.append(
            _ask(store, documents[question.document], question, pages, aids, judge, budget, encoder)
        )
    return {
        "asked": len(asked),
        "not_asked": len(questions) - len(asked),
        **summary(outcomes),
        "by_document": {
            name: summary(some)
            for name in dict.fromkeys(one.document for one in outcomes)
            if (some := [one for one in outcomes if one.document == name])
        },
        "questions": [asdict(outcome) for outcome in outcomes],
    }


def _ask(
    store: Store,
    document_id: str,
    question: Question,
    pages: frozenset[int],
    aids: Aids,
    judge: Judge | None,
    budget: int,
    encoder: SentenceEncoder | None = None,
) -> Outcome:
    began = time.perf_counter()
    with store.database.reading() as connection:
        recalled = recall(connection, question.question, (), [document_id], budget, aids)
        quotes = choose_quotes(connection, recalled, judge, sense=encoder)
    seconds = time.perf_counter() - began
    passage = _first(
        any(one.passage.first_page <= page <= one.passage.last_page for page in pages)
        for one in quotes.ranked or recalled.looked_at
    )
    quote = _first(question.answered_by(one.shown) for one in quotes.quotes)
    answerable = bool(question.answers)
    outcome = Outcome(
        question.document,
        question.question,
        answerable,
        passage,
        quote,
        quotes.found,
        round(quotes.confidence, 3),
        round(seconds, 3),
        "",
        tuple(one.shown for one in quotes.quotes),
        not quotes.missing,
        {name: round(value, 4) for name, value in quotes.signs.items()},
    )
    return replace(outcome, failure=_failure(outcome))


def _first(hits: Any) -> int:
    return next((place for place, hit in enumerate(hits, 1) if hit), 0)


def _failure(one: Outcome) -> str:
    if not one.answerable:
        return "answered though the text does not say" if one.found else ""
    if not 0 < one.passage <= _RANKS[-1]:
        return "page not among the passages"
    if not one.quote:
        return "page recalled, answer not quoted"
    return "" if one.found else "called unanswerable"


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Shares of the questions, from 0 to 1; None where there are none of a kind."""
    answerable = [one for one in outcomes if one.answerable]
    unanswerable = [one for one in outcomes if not one.answerable]
    seconds = [one.seconds for one in outcomes]
    return {
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        **{f"page_in_{rank}": _share([0 < one.passage <= rank for one in answerable]) for rank in _RANKS},
        **{f"answer_in_{count}": _share([0 < one.quote <= count for one in answerable]) for count in _QUOTES},
        "called_unanswerable_wrongly": _share([not one.found for one in answerable]),
        "unanswerable_said": _share([not one.found for one in unanswerable]),
        "median_seconds": statistics.median(seconds) if seconds else None,
        "most_seconds": max(seconds, default=None),
        "failures": dict(Counter(one.failure for one in outcomes if one.failure)),
    }


def _share(hits: Sequence[bool]) -> float | None:
    return round(sum(hits) / len(hits), 4) if hits else None


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{report['model']}; {report['asked']} questions"
        + (
            f", {report['not_asked']} not asked, as their documents are not there"
            if report["not_asked"]
            else ""
        ),
        "",
        f"{'':34}"
        + "".join(f"{name:>10}" for name in ("page in 8", "in 3", "1 quote", "2", "3", "unans.", "wrongly")),
    ]
    for name, row in [*report["by_document"].items(), ("all", report)]:
        cells = (
            "page_in_8",
            "page_in_3",
            "answer_in_1",
            "answer_in_2",
            "answer_in_3",
            "unanswerable_said",
            "called_unanswerable_wrongly",
        )
        lines.append(f"{name[:33]:34}" + "".join(_cell(row[cell]) for cell in cells))
    lines += [
        "",
        f"seconds to the quotations: median {report['median_seconds']}, most {report['most_seconds']}",
    ]
    lines += [
        f"{count:4} {kind}" for kind, count in sorted(report["failures"].items(), key=lambda pair: -pair[1])
    ]
    if "answers" in report:
        lines += answers.lines(report["answers"])
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    return f"{'–' if value is None else format(value, '.0%'):>10}"
