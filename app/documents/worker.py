"""The child process that reads one document: `python -m app.documents.worker KIND OPTIONS PARENT`, the document
on standard input.

Writes one JSON object a line to standard output, no line longer than `child.MAX_LINE_BYTES`:

    {"pages": 114, "unit": "page", "encoding": ""}     how many pages there are, what they are (`model.Unit`), and what
                                                       encoding was assumed, where it was a guess
    {"page": {"number": 1, …}}                         a page (`model.page_to_json`), in order
    {"done": true, "outline": [[title, page, level], …], "warnings": ["…"]}      all pages are complete
    {"fault": "encrypted", "value": 0, "detail": ""}   the document is refused

Limits on memory, processor time and written files are set here, after the imports and before the first byte
of the document is parsed (in the parent, between fork and exec, they would be unsafe beside its threads).
Where the platform has no such limits, as on Windows, a watching thread still ends the process after the time,
or when the parent has gone.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import Any, TextIO

from app.documents import confine
from app.documents.child import MAX_LINE_BYTES
from app.documents.faults import Fault, Limits
from app.documents.model import Page, page_to_json
from app.documents.readers import Parsed, Reader, Refused, Request, load_reader
from app.sentences import Sentence, to_json

_Message = dict[str, object]


def main(kind: str, options: dict[str, Any], parent: int) -> None:
    """Read the document on standard input and report it on standard output."""
    limits = Limits(**options["limits"])
    suffix = os.path.splitext(options["name"])[1].lower()
    request = Request(kind, suffix, limits, options["encoding"])
    output = sys.stdout
    # The pipe belongs to the protocol: a library that prints must not be able to write into it.
    sys.stdout = sys.stderr
    output.reconfigure(encoding="utf-8", errors="strict", newline="\n")  # type: ignore[union-attr]
    read = load_reader(kind)  # before the limits, while files may still be written to the byte code cache
    confine.end_with(parent, limits.max_seconds + 1)
    confine.limit_resources(limits.max_memory_bytes, limits.max_seconds)
    try:
        end = _read(read, sys.stdin.buffer.read(), request, output)
    except MemoryError:
        end = _fault(Fault.TOO_MUCH_MEMORY)
    except RecursionError:
        end = _fault(Fault.BROKEN, detail=Sentence("its parts are nested too deeply"))
    _write(output, end)


def _read(read: Reader, data: bytes, request: Request, output: TextIO) -> _Message:
    """Report the pages; returns the last message."""
    try:
        parsed = read(data, request)
        _write(output, {"pages": parsed.count, "unit": parsed.unit, "encoding": parsed.encoding})
        return _write_pages(parsed, request.limits, output)
    except Refused as refused:
        return _fault(refused.fault, refused.value, refused.detail)


def _write_pages(parsed: Parsed, limits: Limits, output: TextIO) -> _Message:
    characters = 0
    for page in parsed.pages:
        characters += sum(len(block.text) for block in page.blocks)
        line = "" if characters > limits.max_characters else _page_line(page)
        if not line:
            return _fault(Fault.TOO_MANY_CHARACTERS, page.number)
        output.write(line)
        output.flush()
    outline = [[entry.title, entry.page, entry.level] for entry in parsed.outline()]
    return {"done": True, "outline": outline, "warnings": [to_json(warning) for warning in parsed.warnings()]}


def _page_line(page: Page) -> str:
    """The page as a line of the protocol, without its characters' places where it would be too long with them; "" where
    it is too long all the same."""
    for blocks in (page.blocks, tuple(replace(block, lines=()) for block in page.blocks)):
        line = json.dumps({"page": page_to_json(replace(page, blocks=blocks))}, ensure_ascii=False) + "\n"
        if len(line) * 4 <= MAX_LINE_BYTES or len(line.encode()) <= MAX_LINE_BYTES:
            return line
    return ""


def _fault(fault: Fault, value: int = 0, detail: str = "") -> _Message:
    return {"fault": fault, "value": value, "detail": to_json(detail)}


def _write(output: TextIO, message: _Message) -> None:
    output.write(json.dumps(message, ensure_ascii=False) + "\n")
    output.flush()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]))
