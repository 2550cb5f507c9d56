"""The parent's side of the child process: start it, take in its pages, end it whatever happens.

The child is a new interpreter (never a fork of this one and its threads) whose standard input is the opened
document and nothing else. What it writes is taken for what a hostile file may have made it write: lengths,
counts and shapes are checked again on this side.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, get_args

from app.documents.faults import DocumentError, Fault, Limits, document_error
from app.documents.model import OutlineEntry, Page, Unit, page_from_json
from app.documents.source import Kind
from app.sentences import from_json

MAX_LINE_BYTES = 32 * 1024 * 1024  # a page is one line
MAX_OUTLINE = 100_000  # entries
MAX_WARNINGS = 1_000

_ROOT = Path(__file__).resolve().parents[2]
_POLL_SECONDS = 0.05
_LINES_AHEAD = 8  # lines taken in before the caller has dealt with the ones before
_NO_CPU_LEFT = -getattr(signal, "SIGXCPU", 0)
_KILLED = -getattr(signal, "SIGKILL", 0)


@dataclass
class Received:
    """What has come from the child so far; see `app.documents.worker` for what the values mean."""

    pages: list[Page] = field(default_factory=list)
    total: int = 0
    unit: Unit = "page"
    encoding: str = ""
    outline: tuple[OutlineEntry, ...] = ()
    warnings: tuple[str, ...] = ()
    done: bool = False


def worker_command(kind: Kind, limits: Limits, *, name: str = "", encoding: str = "") -> list[str]:
    """The command line of the child process that reads a document of `kind`; `name` is for its suffix, `encoding` what
    its bytes are to be taken for."""
    options = {"limits": asdict(limits), "name": name, "encoding": encoding}
    return [sys.executable, "-m", "app.documents.worker", kind, json.dumps(options), str(os.getpid())]


def read_pages(
    command: Sequence[str],
    document: BinaryIO,
    *,
    name: str,
    limits: Limits,
    deadline: float,
    should_stop: Callable[[], bool],
    on_page: Callable[[int, int], None],
) -> Received:
    """Run `command` with `document` as its standard input and return what it reports (see `worker`).

    deadline: in seconds of `time.monotonic`. The process has ended and been waited for when this returns or
    raises. Raises DocumentError for whatever goes wrong with the document or the process.
    """

    def refuse(fault: Fault, value: int = 0, detail: str = "") -> DocumentError:
        return document_error(fault, name, limits, value=value, detail=detail)

    receiver = _Receiver(limits)
    received = receiver.received
    with _running(command, document, refuse) as (process, lines):
        while True:
            if should_stop():
                raise refuse(Fault.CANCELLED)
            if time.monotonic() > deadline:
                raise refuse(Fault.TOO_MUCH_TIME)
            try:
                line = lines.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if line is None:  # the end, without the word that it is done
                raise refuse(*_why_ended(process))
            try:
                progress = receiver.take(line)
            except _Fault as fault:
                raise refuse(fault.fault, fault.value, fault.detail) from None
            if received.done:
                return received
            if progress:
                on_page(len(received.pages), received.total)


class _Fault(Exception):
    def __init__(self, fault: Fault, value: int = 0, detail: str = "") -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.value = value
        self.detail = detail


class _Receiver:
    """Checks each line of the child and puts it with what has come before."""

    def __init__(self, limits: Limits) -> None:
        self.received = Received()
        self._limits = limits
        self._most_pages = max(limits.max_pages, limits.max_characters)  # of a text: one character a page
        self._characters = 0

    def take(self, line: bytes) -> bool:
        """Take in one line; True if it completes a page. Raises _Fault if it tells one, or is not of the
        protocol."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _Fault(Fault.CRASHED) from error
        try:
            return self._take(message)
        except (ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
            raise _Fault(Fault.CRASHED) from error

    def _take(self, message: Any) -> bool:
        received = self.received
        match message:
            case {"page": dict(values)} if len(received.pages) < received.total:
                page = page_from_json(values)
                if page.number != len(received.pages) + 1:
                    raise ValueError(f"page {page.number} comes after {len(received.pages)} pages")
                self._characters += sum(len(block.text) for block in page.blocks)
                if self._characters > self._limits.max_characters:
                    raise _Fault(Fault.TOO_MANY_CHARACTERS, page.number)
                received.pages.append(page)
                return True
            case {"pages": int(total), "unit": unit, "encoding": str(encoding)} if (
                0 < total <= self._most_pages and not received.total and unit in get_args(Unit)
            ):
                received.total, received.unit, received.encoding = total, unit, encoding[:100]
            case {"done": True, "outline": list(outline), "warnings": list(warnings)} if (
                0 < len(received.pages) == received.total
            ):
                received.outline = tuple(
                    OutlineEntry(str(title)[:1000], int(page), int(level))
                    for title, page, level in outline[:MAX_OUTLINE]
                    if 0 < page <= received.total
                )
                received.warnings = tuple(from_json(warning) for warning in warnings[:MAX_WARNINGS])
                received.done = True
            case {"fault": str(fault), "value": int(value), "detail": detail} if fault in _FAULTS:
                raise _Fault(Fault(fault), value, from_json(detail))
            case _:
                raise _Fault(Fault.CRASHED)
        return False


_FAULTS = frozenset(fault.value for fault in Fault)


def _why_ended(process: subprocess.Popen[bytes]) -> tuple[Fault, int]:
    try:
        status = process.wait(timeout=1)
    except subprocess.TimeoutExpired:  # it has closed its output and goes on
        return Fault.CRASHED, 0
    if status == _NO_CPU_LEFT != 0:
        return Fault.TOO_MUCH_TIME, 0
    if status == _KILLED != 0:  # not by this side, so by a system that ran out of memory
        return Fault.TOO_MUCH_MEMORY, 0
    return Fault.CRASHED, status


_Lines = queue.Queue[bytes | None]


@contextmanager
def _running(
    command: Sequence[str], document: BinaryIO, refuse: Callable[..., DocumentError]
) -> Iterator[tuple[subprocess.Popen[bytes], _Lines]]:
    """The process and the lines that it writes, None at their end. It is killed, if need be, and waited for
    on leaving."""
    try:
        process = subprocess.Popen(
            command,
            stdin=document,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,  # where `-m` finds this package, also when it is not installed
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:  # no memory or no processes left
        raise refuse(Fault.NOT_STARTED, detail=os.strerror(error.errno or 0).lower()) from error
    assert process.stdout is not None
    lines: _Lines = queue.Queue(_LINES_AHEAD)
    # Pipes cannot be polled on every platform; a thread that blocks can be waited for with a timeout on all
    # of them.
    pump = threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True)
    pump.start()
    try:
        yield process, lines
    finally:
        process.kill()
        process.wait()
        while pump.is_alive():  # it may be waiting for room
            try:
                lines.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
        process.stdout.close()


def _pump(output: BinaryIO, lines: _Lines) -> None:
    for line in iter(partial(output.readline, MAX_LINE_BYTES), b""):
        lines.put(line)
    lines.put(None)
