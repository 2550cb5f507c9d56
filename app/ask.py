"""`ahn-chat ask FILE… QUESTION`: read, answer on standard output, progress on standard error."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from app import options, paths, startup
from app.options import CommandFailed

if TYPE_CHECKING:
    from app.conversation import Chat, ChatSettings, Engine
    from app.conversation.events import AnswerFigures, ReadState
    from app.documents import Extracted


@dataclass(frozen=True)
class Answer:
    """What `--json` prints: sizes in bytes, times in seconds.

    A document that was read with the same settings before is not read again: `seconds_reading` is the time its
    reading took to come back from disk then, and `tokens_per_second_reading` is None.
    """

    answer: str
    finish_reason: str
    model: str
    memory: str
    attention_sinks: int
    sliding_window: int
    tokens_read: int
    pages_read: int
    seconds_reading: float
    tokens_per_second_reading: float | None
    tokens_generated: int
    tokens_per_second_decoding: float
    time_to_first_token: float
    cache_bytes: int
    full_attention_bytes: int


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat ask`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat ask",
        usage="ahn-chat ask [flags] FILE... QUESTION",
        description="Read documents and answer one question about them on standard output.",
        allow_abbrev=False,
    )
    # One list, not two: before a flag, argparse would take the last file for the question.
    words = "documents or folders of them, then the question as the last word; after -- nothing is a flag"
    result.add_argument("words", nargs="*", metavar="FILE… QUESTION", help=words)
    result.add_argument(
        "--no-keep",
        action="store_true",
        help="leave nothing of the files on this computer (default: they are kept in the library, and the next "
        "question about them is answered sooner)",
    )
    memory = result.add_argument_group("memory")
    memory.add_argument(
        "--memory",
        choices=("ahn", "window", "full"),
        default="ahn",
        help="ahn: window and compressed memory (default); window: no memory; full: attention over everything",
    )
    memory.add_argument(
        "--sinks", type=int, metavar="N", help="first tokens kept (default: what suits the model)"
    )
    memory.add_argument(
        "--window", type=int, metavar="N", help="last tokens kept (default: what suits the model)"
    )
    answer = result.add_argument_group("answer")
    answer.add_argument(
        "--max-new-tokens", type=int, default=512, metavar="N", help="longest answer (default %(default)s)"
    )
    answer.add_argument(
        "--temperature", type=float, default=0.0, metavar="X", help="0 (default): the likeliest token"
    )
    answer.add_argument(
        "--top-p", type=float, default=1.0, metavar="X", help="choose from this share of probability"
    )
    answer.add_argument(
        "--top-k", type=int, default=0, metavar="N", help="choose from so many tokens; 0: from all"
    )
    answer.add_argument(
        "--min-p", type=float, default=0.0, metavar="X", help="least share of the likeliest's probability"
    )
    answer.add_argument(
        "--repetition-penalty", type=float, metavar="X", help="above 1 avoids repetition (default: a little)"
    )
    answer.add_argument("--seed", type=int, metavar="N", help="makes an answer drawn at random repeatable")
    answer.add_argument(
        "--json", action="store_true", help="print one JSON object with the answer and its figures"
    )
    options.add_model_arguments(result)
    return result


def main(argv: Sequence[str]) -> int:
    """Answer one question; returns the exit status. Raises CommandFailed with one sentence."""
    command = parser()
    arguments = parse(command, argv)
    if len(arguments.words) < 2:
        command.error("name at least one file, then the question")
    *paths_given, question = arguments.words
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    paths.prepare(folder)
    progress = ProgressLine(sys.stderr)
    from app.conversation.question import replaced_sentence, unreadable_characters

    if replaced := unreadable_characters(question):
        progress.note(replaced_sentence(replaced))
    try:
        files = _files(paths_given)
        extracted = [_extract(file, progress) for file in files]  # first: a wrong file name is told at once
        with _store_folder(folder, arguments.no_keep) as store_dir:
            answer = _load_and_ask(arguments, files, extracted, question, (folder, store_dir), progress)
    finally:
        progress.clear()
    if arguments.json:
        print(json.dumps(asdict(answer), indent=2))
    return 0


@contextmanager
def _store_folder(data_dir: Path, forget: bool) -> Iterator[Path]:
    """Where what is read is kept: the data folder, or a passing one that is gone at the end."""
    if not forget:
        yield data_dir
        return
    with tempfile.TemporaryDirectory(prefix="ahn-chat-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def parse(command: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace:
    """The flags and words of `argv`. What stands after "--" is a word, whatever it begins with: argparse would lose it
    where words and flags are mixed."""
    end = argv.index("--") if "--" in argv else len(argv)
    arguments = command.parse_intermixed_args(argv[:end])
    arguments.words += argv[end + 1 :]
    return arguments


def _files(given: Sequence[str]) -> list[str]:
    """The files that were named, and those of folders that were."""
    from app.documents import expand_paths

    try:
        files = expand_paths(given)
    except OSError as error:
        raise CommandFailed(
            f"{error.filename} cannot be listed ({os.strerror(error.errno or 0).lower()})."
        ) from error
    if not files:
        raise CommandFailed(f"There is no document in {', '.join(given)}: name a file or another folder.")
    return [str(file) for file in files]


def _load_and_ask(
    arguments: argparse.Namespace,
    files: Sequence[str],
    extracted: Sequence[Extracted],
    question: str,
    folders: tuple[Path, Path],
    progress: ProgressLine,
) -> Answer:
    """`folders`: of the model, and of what is read."""
    from ahn_core import ConfigError, LoadError
    from ahn_core.zoo import ZooError
    from app.conversation import ChatError, ChatSettings
    from app.store import StoreError

    try:
        _settings(arguments, ChatSettings())  # a value out of range is told before the model is loaded
        engine = startup.load_engine(options.model_options(arguments), folders[0], progress, folders[1])
        try:
            settings = _settings(arguments, engine.default_settings())
            ids = [
                engine.store.documents.add(document, _original(file, arguments.no_keep)).id
                for file, document in zip(files, extracted, strict=True)
            ]
            if not arguments.no_keep:
                names = ", ".join(document.name for document in extracted)
                progress.note(f"Kept in the library: {names} (--no-keep leaves nothing behind).")
            return answer_question(engine, ids, question, settings, progress, stream=not arguments.json)
        finally:
            engine.close()
    except (ConfigError, LoadError, ZooError, ChatError, StoreError) as error:
        raise CommandFailed(str(error)) from error


def _settings(arguments: argparse.Namespace, defaults: ChatSettings) -> ChatSettings:
    """The defaults with what the flags say in their place."""
    penalty, sinks, window = arguments.repetition_penalty, arguments.sinks, arguments.window
    try:
        sampling = replace(
            defaults.sampling,
            temperature=arguments.temperature,
            top_p=arguments.top_p,
            top_k=arguments.top_k,
            min_p=arguments.min_p,
            repetition_penalty=defaults.sampling.repetition_penalty if penalty is None else penalty,
            seed=arguments.seed,
        )
    except ValueError as error:
        raise options.OptionError(str(error)) from error
    return replace(
        defaults,
        memory=arguments.memory,
        attention_sinks=defaults.attention_sinks if sinks is None else sinks,
        sliding_window=defaults.sliding_window if window is None else window,
        sampling=sampling,
        max_new_tokens=arguments.max_new_tokens,
    )


def _extract(file: str, progress: ProgressLine) -> Extracted:
    from app.documents import DocumentError, display_name, extract, format_page_ranges

    name = display_name(file)

    def show(done: int, total: int) -> None:
        progress(f"Getting the text of {name}: page {done} of {total}", done / total)

    try:
        document = extract(file, follow=True, on_page=show)
    except DocumentError as error:
        raise CommandFailed(str(error)) from error
    if document.pages_without_text:
        progress.note(f"{name}: no text layer on pages {format_page_ranges(document.pages_without_text)}")
    return document


def _original(file: str, forget: bool) -> Path | None:
    """The file to be kept; None for what is none, as a pipe, which can be read only once."""
    path = Path(file)
    return path if path.is_file() and not forget else None


def answer_question(
    engine: Engine,
    document_ids: Sequence[str],
    question: str,
    settings: ChatSettings,
    progress: ProgressLine,
    *,
    stream: bool,
    output: TextIO | None = None,
) -> Answer:
    """Read documents of the library in a chat of their own, ask, and forget the chat; with `stream`, tokens go out as
    they come.

    Raises ChatError for settings or a question the model cannot take, CommandFailed where no answer came.
    """
    chat = engine.new_chat(settings)
    try:
        return _answer(
            engine, chat, document_ids, question, progress, output or sys.stdout if stream else None
        )
    finally:
        engine.delete_chat(chat.id)  # the readings stay, so the next question about these files comes at once


def _answer(
    engine: Engine,
    chat: Chat,
    ids: Sequence[str],
    question: str,
    progress: ProgressLine,
    output: TextIO | None,
) -> Answer:
    from app.conversation.events import AnswerFailed, AnswerFinished, AnswerStarted, AnswerToken, Waiting

    kept = engine.kept_tokens(ids, chat.settings)
    began = time.monotonic()
    for document_id in ids:
        chat.add_document(document_id)
    seconds_reading, written = 0.0, 0
    with chat.ask(question) as events:
        for event in events:
            if isinstance(event, Waiting) and event.reading is not None:
                progress(_reading_sentence(event.reading), event.reading.fraction)
            elif isinstance(event, AnswerStarted):
                seconds_reading = time.monotonic() - began
                progress.clear()
            elif isinstance(event, AnswerToken) and output is not None:
                output.write(event.text)
                output.flush()
                written += len(event.text)
            elif isinstance(event, AnswerFailed):
                raise CommandFailed(event.message)
            elif isinstance(event, AnswerFinished) and event.turn.figures is not None:
                if output is not None:  # with what was held back for a character that never came
                    output.write(event.turn.answer[written:] + "\n")
                return _figures(
                    engine, chat.settings, event.turn.answer, event.turn.figures, seconds_reading, kept
                )
    raise CommandFailed("The answer ended before it began: ask again.")


def _reading_sentence(state: ReadState) -> str:
    sentence = f"Reading {state.name}: {state.tokens_done:,} of {state.tokens_total:,} tokens"
    if state.tokens_per_second:
        sentence += f", {state.tokens_per_second:,.0f} a second"
    if state.seconds_left is not None:
        sentence += f", {state.seconds_left:.0f} s left"
    return sentence


def _figures(
    engine: Engine,
    settings: ChatSettings,
    text: str,
    figures: AnswerFigures,
    seconds_reading: float,
    kept: int,
) -> Answer:
    read_now = figures.tokens_read - kept  # the rest came back from disk
    return Answer(
        answer=text,
        finish_reason=figures.reason,
        model=engine.model.name,
        memory=settings.memory,
        attention_sinks=settings.attention_sinks,
        sliding_window=settings.sliding_window,
        tokens_read=figures.tokens_read,
        pages_read=figures.pages_read,
        seconds_reading=seconds_reading,
        tokens_per_second_reading=read_now / seconds_reading if read_now > 0 else None,
        tokens_generated=figures.generated_tokens,
        tokens_per_second_decoding=figures.decode_tokens_per_second,
        time_to_first_token=figures.time_to_first_token,
        cache_bytes=figures.cache_nbytes,
        full_attention_bytes=figures.full_attention_bytes,
    )


class ProgressLine:
    """Progress: on a terminal one line that is rewritten, elsewhere a line for each step and one every few seconds."""

    SECONDS_BETWEEN_LINES = 5.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rewrites = stream.isatty()
        self._dirty = False
        self._step = ""
        self._next_line = 0.0

    def __call__(self, sentence: str, fraction: float | None = None) -> None:
        if self._rewrites:
            percent = "" if fraction is None else f" ({fraction:.0%})"
            self._stream.write(f"\r\x1b[K{sentence}{percent}")
            self._stream.flush()
            self._dirty = True
            return
        step, now = sentence.partition(":")[0], time.monotonic()
        if step != self._step or now >= self._next_line:
            self._step, self._next_line = step, now + self.SECONDS_BETWEEN_LINES
            print(sentence, file=self._stream, flush=True)

    def note(self, sentence: str) -> None:
        """A line that stays."""
        self.clear()
        print(sentence, file=self._stream, flush=True)

    def clear(self) -> None:
        """Leave the terminal's line empty for what comes next."""
        if self._dirty:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._dirty = False
