"""The child process that reads documents: cancelled, killed, orphaned or disobedient, it leaves nothing behind."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from unittest import mock

import pytest

from app.documents import ExtractionCancelled, Limits, child, extract
from tests import pdfs
from tests.app.documents_support import nothing_left_running, refusal  # noqa: F401  (a fixture that is always used)

PROJECT = Path(__file__).resolve().parents[3]


# Cancelling, and the end of processes


def test_cancel_is_obeyed_within_a_second_and_keeps_nothing_running(tmp_path: Path) -> None:
    path = pdfs.endless_text_pdf(tmp_path / "endless.pdf")
    cancelled_at = time.monotonic() + 0.7

    with pytest.raises(ExtractionCancelled, match="endless.pdf was not added, because that was cancelled"):
        extract(path, should_stop=lambda: time.monotonic() > cancelled_at)

    assert 0 < time.monotonic() - cancelled_at < 1


def test_cancel_before_the_start_and_between_pages(tmp_path: Path) -> None:
    path = pdfs.long_pdf(tmp_path / "manual.pdf", 40)
    with pytest.raises(ExtractionCancelled), mock.patch.object(subprocess, "Popen") as started:
        extract(path, should_stop=lambda: True)
    started.assert_not_called()
    done: list[int] = []
    with pytest.raises(ExtractionCancelled):
        extract(path, on_page=lambda number, total: done.append(number), should_stop=lambda: len(done) >= 3)
    assert done == [1, 2, 3]


def test_an_error_of_the_caller_ends_the_child_and_passes_through(tmp_path: Path) -> None:
    def broken(done: int, total: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        extract(pdfs.long_pdf(tmp_path / "manual.pdf", 40), on_page=broken)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no orphans; there the child ends at its time limit")
def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    path = pdfs.endless_text_pdf(tmp_path / "endless.pdf")
    script = f"""
import os, subprocess, sys
from app.documents import child, Limits
worker = subprocess.Popen(child.worker_command("pdf", Limits()), stdin=open({str(path)!r}, "rb"))
print(worker.pid, flush=True)
worker.wait()
"""
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    time.sleep(0.5)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 30
    while _is_running(worker):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


def _is_running(process: int) -> bool:
    """Whether a process that is not ours runs; a zombie that nobody has waited for yet does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this platform does not list descriptors")
def test_the_child_gets_nothing_but_the_document(tmp_path: Path) -> None:
    path = pdfs.make_pdf(tmp_path / "any.pdf", ["words"])
    report = tmp_path / "descriptors"
    script = f"""
import os, pathlib, sys
links = {{os.readlink(f"/proc/self/fd/{{n}}") for n in range(64) if os.path.exists(f"/proc/self/fd/{{n}}")}}
pathlib.Path({str(report)!r}).write_text("\\n".join(sorted(links)))
"""
    with socket.create_server(("127.0.0.1", 0)), _worker(script):
        refusal(path)
    document, null, pipe = sorted(report.read_text().split("\n"), key=lambda link: (link != str(path), link))
    assert (document, null) == (str(path), os.devnull) and pipe.startswith("pipe:")


def test_the_child_imports_no_heavy_package() -> None:
    script = "import sys, app.documents.worker, app.documents.readers.pdf; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    heavy = {
        "torch",
        "transformers",
        "gradio",
        "sqlite3",
        "app.store",
        "app.conversation",
        "app.ui",
    }
    assert not heavy & set(run.stdout.split())


def _worker(script: str) -> AbstractContextManager[object]:
    """Let `script` stand in for the program that reads documents."""
    return mock.patch.object(child, "worker_command", return_value=[sys.executable, "-S", "-c", script])


# A child that breaks the rules: what it writes is not trusted

_START = """import json
def page(number, text="", **more):
    blocks = [{"kind": "paragraph", "text": text, **more}]
    values = {"number": number, "label": "", "width": 0, "height": 0, "blocks": blocks, "warnings": []}
    print(json.dumps({"page": values}))
def start(pages): print(json.dumps({"pages": pages, "unit": "page", "encoding": ""}))
def done(): print(json.dumps({"done": True, "outline": [], "warnings": []}), flush=True)
"""
_FLOOD = """start(9)
for number in range(1, 9): page(number, 'x' * 9000)"""
_ENDLESS = """start(5000)
import time
for number in range(1, 5001): page(number); time.sleep(0.01)"""


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("raise SystemExit(7)", "broke down on it (exit status 7)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "more memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "limit of 10 seconds"),
        ("print('nonsense')", "broke down"),
        ("print('[]')", "broke down"),
        ("print('[' * 50_000)", "broke down"),
        ("start(1000000000)", "broke down"),
        ("start(0); done()", "broke down"),
        ("done()", "broke down"),
        ("start(1); page(1); done()", "no text layer"),
        ("start(2); page(2)", "broke down"),
        ("start(2); page(1); done()", "broke down"),
        ("start(1); page(1); page(2)", "broke down"),
        ("page(1)", "broke down"),
        ("start(1); page('one')", "broke down"),
        ("start(1); page(1, kind='poem')", "broke down"),
        ("start(1); page(1, 'ab', lines=[[1, 0, [0, 0, 9, 9], [0, 1, 1, 2]]])", "broke down"),
        ("start(1); page(1, 'ab', lines=[[0, 0, [0, 0, 9], [0, 1]]])", "broke down"),
        ("start(1); page(1, 'ab', box=3)", "broke down"),
        ("""print('{"fault": "made up", "value": 0, "detail": ""}')""", "broke down"),
        ("while True: print('x' * 1_000_000, end='')", "broke down"),
        ("import os, time; os.close(1); time.sleep(60)", "broke down"),
        (_FLOOD, "limit of 20,000, reached on page 3"),
        (_ENDLESS, "limit of 0.5 seconds"),
        ("import time; time.sleep(60)", "limit of 0.5 seconds"),
    ],
)
def test_a_child_that_breaks_the_rules_is_one_sentence(tmp_path: Path, script: str, words: str) -> None:
    if "signal" in script and os.name == "nt":
        pytest.skip("Windows has no such signals")
    path = tmp_path / "any.pdf"
    path.write_bytes(b"%PDF-1.7")
    limits = Limits(max_seconds=0.5 if "0.5 seconds" in words else 10, max_characters=20_000)
    if script == _ENDLESS:
        limits = Limits(max_seconds=0.5)
    with _worker(_START + script):
        assert words in refusal(path, limits=limits)


def test_a_child_that_cannot_be_started_is_one_sentence(tmp_path: Path) -> None:
    path = pdfs.make_pdf(tmp_path / "any.pdf", ["words"])
    with mock.patch.object(child.subprocess, "Popen", side_effect=BlockingIOError(errno.EAGAIN, "no")):
        assert "could not be started (resource temporarily unavailable)" in refusal(path)


def test_the_signal_of_the_processor_limit_is_known() -> None:
    """The child's limit on processor time ends it with this signal, which must read as "too long" and not as
    a crash."""
    if not hasattr(signal, "SIGXCPU"):
        pytest.skip("this platform has no such limit")
    assert -signal.SIGXCPU == child._NO_CPU_LEFT
