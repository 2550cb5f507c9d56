"""A child process that keeps one document open and answers requests about it, one at a time: pictures of pages, and
text that is recognised on them.

The document goes to the child's standard input first, then one request a line, in JSON. An answer is a line of JSON
and as many bytes as its "length" says:

    → {"page": 7, "width": 900}
    ← {"length": 48213} and the bytes                         or  ← {"error": "damaged"}
    ← {"ready": 114, "length": 0}                             the first answer, unasked: how many pages there are

Whatever happens, the child has ended and been waited for when its `Helper` is closed.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from app.documents.faults import DocumentError, Limits
from app.sentences import Sentence, from_json, to_json

MAX_ANSWER_BYTES = 64 * 1024 * 1024
_MAX_LINE = 64 * 1024
_ROOT = Path(__file__).resolve().parents[2]
_POLL_SECONDS = 0.02

_Answer = tuple[dict[str, Any], bytes] | None


class HelperError(DocumentError):
    """The child cannot give what is asked for. `reason` is the part of a sentence after "because"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HelperStopped(HelperError):
    """The caller asked to stop; the child has ended."""


class Helper:
    """One child process and the document that it has. To be closed; one thread at a time may ask.

    module: what the child runs, `python -m module OPTIONS PARENT`. document: the bytes of the file. Raises HelperError
    where the child cannot be started or the document not be opened.
    """

    def __init__(
        self,
        module: str,
        document: bytes,
        options: dict[str, Any],
        *,
        max_seconds: float,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._answers: queue.Queue[_Answer] = queue.Queue(2)
        self._closed = False
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, json.dumps(options), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            why = os.strerror(error.errno or 0).lower()
            raise HelperError(
                Sentence("the program that reads it could not be started ({reason})", reason=why)
            ) from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._threads = [
            threading.Thread(target=_feed, args=(self._process.stdin, document), daemon=True),
            threading.Thread(target=_pump, args=(self._process.stdout, self._answers), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        try:
            header, _ = self._take(max_seconds, should_stop)
            self.pages = int(header["ready"])
        except (KeyError, TypeError, ValueError) as error:
            self.close()
            if isinstance(error, HelperError):
                raise
            raise HelperError(Sentence("the program that reads it broke down")) from error

    def ask(
        self, request: dict[str, Any], *, max_seconds: float, should_stop: Callable[[], bool] | None = None
    ) -> bytes:
        """The bytes of the answer. Raises HelperError; if the time is over, the child broke down or the caller stopped,
        the child has ended, and every later request fails."""
        with self._lock:
            if self._closed:
                raise HelperError(Sentence("the program that reads it has ended"))
            assert self._process.stdin is not None
            self._threads[0].join()  # the document is all there: the child has said that it is ready
            try:
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
            except OSError as error:
                self._end()
                raise HelperError(Sentence("the program that reads it broke down")) from error
            return self._take(max_seconds, should_stop)[1]

    @property
    def ended(self) -> bool:
        """Whether the child has ended, so that it answers nothing any more."""
        return self._closed

    def close(self) -> None:
        """End the child. May be called again, and from another thread while it works."""
        self._process.kill()
        with self._lock:
            self._end()

    def __enter__(self) -> Helper:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(
        self, max_seconds: float, should_stop: Callable[[], bool] | None
    ) -> tuple[dict[str, Any], bytes]:
        deadline = time.monotonic() + max_seconds
        while True:
            if should_stop is not None and should_stop():
                self._end()
                raise HelperStopped(Sentence("that was cancelled"))
            if time.monotonic() > deadline:
                self._end()
                raise HelperError(
                    Sentence("it takes longer than the limit of {seconds:g} seconds", seconds=max_seconds)
                )
            try:
                answer = self._answers.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if answer is None:
                self._end()
                raise HelperError(Sentence("the program that reads it broke down"))
            if "error" in answer[0]:
                raise HelperError(_told(answer[0]["error"]))
            return answer

    def _end(self) -> None:
        """Kill the child, wait for it and for the threads on its pipes."""
        self._closed = True
        self._process.kill()
        self._process.wait()
        while any(thread.is_alive() for thread in self._threads):
            try:  # the pump may be waiting for room
                self._answers.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            try:
                stream.close()
            except OSError:  # what was left to be written finds nobody
                continue


def read_document(source: str | os.PathLike[str] | bytes, limits: Limits) -> bytes:
    """The bytes of a document. Raises HelperError where they cannot be had or are too many."""
    if isinstance(source, bytes):
        data = source
    else:
        try:
            with open(source, "rb") as file:
                data = file.read(limits.max_bytes + 1)
        except OSError as error:
            raise HelperError(
                Sentence("it cannot be opened ({reason})", reason=os.strerror(error.errno or 0).lower())
            ) from error
    if len(data) > limits.max_bytes:
        raise HelperError(Sentence("it has more than the limit of {limit:,} bytes", limit=limits.max_bytes))
    return data


def _told(error: object) -> str:
    """What the child says is wrong, whatever a hostile file may have made it say."""
    try:
        return from_json(error)
    except ValueError:
        return Sentence("the program that reads it broke down")


# -- the child's side --------------------------------------------------------------------------------------------------


class RequestFailed(Exception):
    """The child cannot answer this request. The message is the part of a sentence after "because"."""


def serve(input_: BinaryIO, output: BinaryIO, answer: Callable[[dict[str, Any]], bytes]) -> None:
    """Answer requests until there are no more."""
    for line in input_:
        try:
            reply(output, {}, answer(json.loads(line)))
        except RequestFailed as error:
            reply(output, {"error": to_json(str(error))})


def take_document(input_: BinaryIO) -> bytes:
    """The document, which comes first: its length as eight bytes, then itself."""
    length = int.from_bytes(input_.read(8), "big")
    return input_.read(length)


def reply(output: BinaryIO, header: dict[str, Any], body: bytes = b"") -> None:
    """One answer."""
    output.write(json.dumps({**header, "length": len(body)}).encode() + b"\n" + body)
    output.flush()


# -- pipes -------------------------------------------------------------------------------------------------------------


def _feed(pipe: BinaryIO, document: bytes) -> None:
    try:
        pipe.write(len(document).to_bytes(8, "big"))
        pipe.write(document)
        pipe.flush()
    except (OSError, ValueError):  # the child has ended; who waits for its answer finds out
        return


def _pump(pipe: BinaryIO, answers: queue.Queue[_Answer]) -> None:
    """Take in answers until the end; None for the end, or for what is no answer."""
    while True:
        line = pipe.readline(_MAX_LINE)
        try:
            header = json.loads(line)
            length = int(header["length"])
        except (ValueError, KeyError, TypeError, RecursionError):
            break
        if not 0 <= length <= MAX_ANSWER_BYTES:
            break
        body = pipe.read(length)
        if len(body) < length:
            break
        answers.put((header, body))
    answers.put(None)
