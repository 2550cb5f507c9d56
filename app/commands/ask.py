"""`ahn-chat ask FILE… QUESTION`: its flags, the files and the model."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app import options, paths, startup
from app.commands.questions import Asking, ask_many, read_questions
from app.options import CommandFailed
from app.progress import ProgressLine

if TYPE_CHECKING:
    from app.conversation import ChatSettings
    from app.documents import Extracted


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat ask`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat ask",
        usage="ahn-chat ask [flags] FILE... QUESTION\n       ahn-chat ask [flags] FILE... --questions QUESTIONS.txt",
        description="Read documents and answer questions about them on standard output.",
        allow_abbrev=False,
    )
    # One list, not two: before a flag, argparse would take the last file for the question.
    words = "documents or folders of them, then the question as the last word; after -- nothing is a flag"
    result.add_argument("words", nargs="*", metavar="FILE… QUESTION", help=words)
    result.add_argument(
        "--questions",
        metavar="FILE",
        help='many questions instead of one, one a line, or JSON lines {"question": "…"}; the documents are read '
        "once, and each question starts afresh after them",
    )
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
    options.add_window_arguments(memory)
    answer = result.add_argument_group("answer")
    answer.add_argument(
        "--no-recall",
        action="store_true",
        help="look nothing up in the documents' text: answer from window and memory alone",
    )
    answer.add_argument(
        "--max-new-tokens",
        type=options.whole_number,
        default=512,
        metavar="N",
        help="longest answer (default %(default)s)",
    )
    answer.add_argument(
        "--temperature",
        type=options.decimal_number,
        default=0.0,
        metavar="X",
        help="0 (default): the likeliest token",
    )
    answer.add_argument(
        "--top-p",
        type=options.decimal_number,
        default=1.0,
        metavar="X",
        help="choose from this share of probability",
    )
    answer.add_argument(
        "--top-k",
        type=options.whole_number,
        default=0,
        metavar="N",
        help="choose from so many tokens; 0: from all",
    )
    answer.add_argument(
        "--min-p",
        type=options.decimal_number,
        default=0.0,
        metavar="X",
        help="least share of the likeliest's probability",
    )
    answer.add_argument(
        "--repetition-penalty",
        type=options.decimal_number,
        metavar="X",
        help="above 1 avoids repetition (default: a little)",
    )
    answer.add_argument(
        "--seed", type=options.whole_number, metavar="N", help="makes an answer drawn at random repeatable"
    )
    answer.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object with the answer and its figures, with --questions one line for each",
    )
    options.add_model_arguments(result)
    return result


def main(argv: Sequence[str]) -> int:
    """Answer; returns the exit status, 1 where one of many questions got no answer. Raises CommandFailed with one
    sentence."""
    command = parser()
    arguments = parse(command, argv)
    if arguments.questions:
        if not arguments.words:
            command.error("name at least one file")
        paths_given, questions = arguments.words, read_questions(Path(arguments.questions))
    else:
        if len(arguments.words) < 2:
            command.error("name at least one file, then the question")
        *paths_given, question = arguments.words
        questions = [question]
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    paths.prepare(folder)
    progress = ProgressLine(sys.stderr)
    from app.conversation.question import replaced_sentence, unreadable_characters

    if replaced := sum(map(unreadable_characters, questions)):
        progress.note(replaced_sentence(replaced))
    try:
        files = _files(paths_given)
        extracted = [_extract(file, progress) for file in files]  # first: a wrong file name is told at once
        with _store_folder(folder, arguments.no_keep) as store_dir:
            failed = _load_and_ask(arguments, files, extracted, questions, (folder, store_dir), progress)
    finally:
        progress.clear()
    return 1 if failed else 0


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
    questions: Sequence[str],
    folders: tuple[Path, Path],
    progress: ProgressLine,
) -> int:
    """`folders`: of the model, and of what is read. Returns how many of many questions got no answer."""
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
            with Asking(engine, ids, settings, progress) as asking:
                if arguments.questions:
                    return ask_many(asking, questions, as_json=arguments.json)
                if arguments.json:
                    print(json.dumps(asdict(asking.ask(questions[0])), indent=2))
                else:
                    asking.ask(questions[0], sys.stdout)
                return 0
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
        recall=not arguments.no_recall,
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
