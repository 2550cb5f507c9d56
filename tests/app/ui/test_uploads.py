"""Files on their way from the page into the library."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.conversation import ChatSettings
from app.documents import DocumentError
from app.ui.drawing import PARTS
from app.ui.views.status import Loading
from tests.app.ui.desk import World, chat_of, sentences, until


def test_an_upload_becomes_a_document_and_leaves_no_file(world: World, tmp_path: Path) -> None:
    tab = world.open()
    upload = tmp_path / "0123" / "notes.md"
    upload.parent.mkdir()
    upload.write_text("# Notes\n\nThe mill burned down in 1843.\n")
    world.act("upload", files=[{"name": "notes.md", "path": str(upload)}])
    until(lambda: not any(entry.running for entry in tab.imports))
    tab.settle()
    assert chat_of(tab).documents[0].name == "notes.md"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert tab.imports == []
    assert "notes.md: 1 page, about 360 tokens; reading takes about" in sentences(tab)[0]
    assert world.engine.measured, "the estimate has a speed to go by, the first time too"


@pytest.mark.parametrize("name", ["../../secret.txt", "/etc/passwd", "", "~/.ssh/id_rsa", "0123"])
def test_only_uploads_are_opened(world: World, tmp_path: Path, name: str) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-secret.txt"
    outside.write_text("secret")
    (tmp_path / "0123").mkdir()
    paths = [name, str(tmp_path / name), str(tmp_path / "0123" / ".." / ".." / outside.name), str(outside)]
    for path in paths:
        with pytest.raises(DocumentError, match="was not uploaded from this page"):
            world.uploads.take(path)
    assert outside.read_text() == "secret"


def test_links_are_not_uploads(world: World, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-linked.txt"
    outside.write_text("secret")
    link = tmp_path / "notes.txt"
    link.symlink_to(outside)
    with pytest.raises(DocumentError):
        world.uploads.take(str(link))


def test_an_upload_can_be_taken_once(world: World, tmp_path: Path) -> None:
    upload = tmp_path / "notes.txt"
    upload.write_text("words")
    taken = world.uploads.take(str(upload))
    assert taken.read_text() == "words"
    with pytest.raises(DocumentError):
        world.uploads.take(str(upload))
    world.uploads.discard(taken)
    assert not taken.parent.exists()


def test_a_failing_file_shows_its_sentence_until_it_is_dismissed(world: World, tmp_path: Path) -> None:
    tab = world.open()
    upload = tmp_path / "bad.pdf"
    upload.write_bytes(b"no pdf at all")
    world.act("upload", files=[{"name": "bad.pdf", "path": str(upload)}])
    until(lambda: all(not entry.running for entry in tab.imports))
    tab.settle()
    (entry,) = tab.imports
    assert entry.state.error.startswith("bad.pdf ") and entry.state.error.endswith(".")
    assert entry.state.error in PARTS["documents"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert not upload.exists()
    world.act("dismiss-import", importId=entry.id)
    assert tab.imports == []


def test_a_kind_of_file_that_cannot_be_read_is_refused_by_name(world: World, tmp_path: Path) -> None:
    tab = world.open()
    upload = tmp_path / "a.exe"
    upload.write_bytes(b"MZ\x90\0\x03\0\0\0")
    world.act("upload", files=[{"name": "a.exe", "path": str(upload)}])
    until(lambda: all(not entry.running for entry in tab.imports))
    assert "its content is a Windows program" in tab.imports[0].state.error
    assert not upload.exists()


def test_an_upload_refused_on_the_way_keeps_its_sentence(world: World) -> None:
    tab = world.open()
    world.act("upload", files=[{"name": "big.pdf", "error": "Larger than 200 MB."}])
    tab.settle()
    assert tab.imports[0].state.error == "Larger than 200 MB."


def test_a_file_has_a_card_until_its_document_has_one(world: World, tmp_path: Path) -> None:
    tab = world.open()
    upload = tmp_path / "notes.txt"
    upload.write_text("The mill burned down.")
    measuring, go_on = threading.Event(), threading.Event()

    def measure(settings: ChatSettings) -> None:
        measuring.set()
        assert go_on.wait(5)

    world.engine.measure_reading = measure  # type: ignore[method-assign]
    world.act("upload", files=[{"name": "notes.txt", "path": str(upload)}])
    assert measuring.wait(5)
    (entry,) = tab.imports
    assert entry.has_card and chat_of(tab).documents == []
    assert "working out the time" in PARTS["documents"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    go_on.set()
    until(lambda: entry.finished)
    assert not entry.has_card and len(chat_of(tab).documents) == 1


def test_a_file_on_its_way_arrives_without_its_tab(world: World, tmp_path: Path) -> None:
    tab = world.open()
    chat = chat_of(tab)
    upload = tmp_path / "notes.txt"
    upload.write_text("The mill burned down.")
    go_on = threading.Event()
    world.engine.measure_reading = lambda settings: go_on.wait(5)  # type: ignore[method-assign, assignment, return-value]
    world.act("upload", files=[{"name": "notes.txt", "path": str(upload)}])
    (entry,) = tab.imports
    world.close()
    assert not chat.closed
    go_on.set()
    until(lambda: entry.finished)
    assert [state.name for state in chat.documents] == ["notes.txt"]
