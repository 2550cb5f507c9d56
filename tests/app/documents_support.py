"""What the tests of documents share: reading a refusal, and a check that nothing is left running."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.documents import DocumentError, child, extract


@pytest.fixture(autouse=True)
def nothing_left_running(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After every test each child process has ended and been waited for (no zombie), and no thread feeds on
    one."""
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(child.subprocess, "Popen", Recorded)
    threads = set(threading.enumerate())
    yield
    for process in started:
        assert process.returncode is not None
        with pytest.raises(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)
    assert not set(threading.enumerate()) - threads


def refusal(path: Path, **options: object) -> str:
    """The sentence with which a file is refused: exactly one, which begins with the name."""
    with pytest.raises(DocumentError) as caught:
        extract(path, **options)  # type: ignore[arg-type]
    sentence = str(caught.value)
    assert sentence.startswith(str(options.get("name", path.name))) and sentence.endswith(".")
    assert "\n" not in sentence and ". " not in sentence
    return sentence
