"""The child process that reads one document: `python -m app.documents.worker KIND LIMITS PARENT`, the
document on standard input.

Writes one JSON object a line to standard output, no line longer than `child.MAX_LINE_BYTES`:

    {"pages": 114}                          how many pages there are
    {"text": "..."}                         the next piece of the current page's text
    {"page": 1}                             the page's text is complete
    {"done": true}                          all pages are complete
    {"fault": "encrypted", "value": 0, "detail": ""}      the document is refused

Limits on memory, processor time and written files are set here, after the imports and before the first byte
of the document is parsed (in the parent, between fork and exec, they would be unsafe beside its threads).
Where the platform has no such limits, as on Windows, a watching thread still ends the process after the time,
or when the parent has gone.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO

from app.documents.child import PIECE_CHARACTERS
from app.documents.faults import Fault, Limits
from app.documents.text import PAGE_CHARACTERS, BinaryContent, clean, decode, split_pages, tidy_lines

_Message = dict[str, object]


def main(kind: str, limits: Limits, parent: int) -> None:
    """Read the document on standard input and report it on standard output."""
    output = sys.stdout
    # The pipe belongs to the protocol: a library that prints must not be able to write into it.
    sys.stdout = sys.stderr
    output.reconfigure(encoding="utf-8", errors="strict", newline="\n")  # type: ignore[union-attr]
    if kind == "pdf":
        import app.documents.pdf  # noqa: F401  (loaded before the limits, while files may still be written to the byte code cache)
    threading.Thread(target=_watch, args=(parent, limits.max_seconds), daemon=True).start()
    _limit_resources(limits)
    try:
        data = sys.stdin.buffer.read()
        fault = _read_pdf(data, limits, output) if kind == "pdf" else _read_text(data, limits, output)
    except MemoryError:
        fault = _fault(Fault.TOO_MUCH_MEMORY)
    _write(output, fault or {"done": True})


def _read_pdf(data: bytes, limits: Limits, output: TextIO) -> _Message | None:
    from app.documents.pdf import Refused, read_pdf

    try:
        count, pages = read_pdf(data, limits.max_pages)
        return _write_pages(count, pages, limits, output)
    except Refused as refused:
        return _fault(refused.fault, refused.value, refused.detail)


def _read_text(data: bytes, limits: Limits, output: TextIO) -> _Message | None:
    try:
        text = decode(data)
    except BinaryContent as error:
        return _fault(Fault.BINARY, detail=str(error))
    if len(text) > 2 * limits.max_characters:  # no cleaning will save it
        return _fault(Fault.TOO_MANY_CHARACTERS, 1 + limits.max_characters // PAGE_CHARACTERS)
    pages = list(split_pages(tidy_lines(clean(text))))
    if not pages:
        return _fault(Fault.NO_TEXT)
    return _write_pages(len(pages), iter(pages), limits, output)


def _write_pages(count: int, pages: Iterator[str], limits: Limits, output: TextIO) -> _Message | None:
    _write(output, {"pages": count})
    characters = 0
    for number, text in enumerate(pages, start=1):
        characters += len(text)
        if characters > limits.max_characters:
            return _fault(Fault.TOO_MANY_CHARACTERS, number)
        for start in range(0, len(text), PIECE_CHARACTERS):
            _write(output, {"text": text[start : start + PIECE_CHARACTERS]})
        _write(output, {"page": number})
    return None


def _fault(fault: Fault, value: int = 0, detail: str = "") -> _Message:
    return {"fault": fault, "value": value, "detail": detail}


def _write(output: TextIO, message: _Message) -> None:
    output.write(json.dumps(message, ensure_ascii=False) + "\n")
    output.flush()


def _limit_resources(limits: Limits) -> None:
    try:
        import resource
    except ImportError:
        return
    seconds = math.ceil(limits.max_seconds)
    wanted = [
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),  # no file can grow; pipes are not files
        (resource.RLIMIT_CPU, seconds, seconds + 1),
    ]
    if hasattr(resource, "RLIMIT_AS"):
        wanted.append((resource.RLIMIT_AS, limits.max_memory_bytes, limits.max_memory_bytes))
    for kind, soft, hard in wanted:
        _, ceiling = resource.getrlimit(kind)
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        try:
            resource.setrlimit(kind, (soft, hard))
        except ValueError:  # macOS refuses limits on the address space below what is in use
            continue


def _watch(parent: int, max_seconds: float) -> None:
    deadline = time.monotonic() + max_seconds + 1
    while time.monotonic() < deadline and (os.name == "nt" or os.getppid() == parent):
        time.sleep(0.25)
    os._exit(3)


if __name__ == "__main__":
    main(sys.argv[1], Limits(**json.loads(sys.argv[2])), int(sys.argv[3]))
