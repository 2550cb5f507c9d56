"""The library's tab, and what the cards offer: sizes, deletion, better texts, other encodings, text recognition."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.documents import DocumentError, Extracted, ExtractionCancelled, Page, extract, recognition
from app.store import Store, document_rows
from app.ui.drawing import PARTS
from app.ui.session import Tab
from app.ui.views import markup as m
from app.ui.views.status import Loading
from app.ui.words.documents import DOCUMENTS
from tests import pdfs
from tests.app.ui.desk import World, chat_of, sentences, until, words
from tests.app.ui.fakes import FakeEngine

PARAGRAPH = "Die Größe der Mühle und die Wärme des Öls sind für die Müller überall wichtig. "
NO_TEXT = "No text layer: this page is a picture."


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "data") as store:
        yield store


@pytest.fixture
def world(tmp_path: Path, store: Store) -> World:
    engine = FakeEngine(pace=0.002)
    engine.store = store  # type: ignore[assignment]
    engine.delete_document = store.documents.delete  # type: ignore[attr-defined]
    return World(tmp_path, engine)


def keep(store: Store, file: Path, **more: Any) -> str:
    """Read a text and keep it; returns its id."""
    return store.documents.add(extract(file, **more), file).id


@pytest.fixture
def latin(store: Store, tmp_path: Path) -> str:
    """A text in Windows-1252 that was read as Cyrillic."""
    file = tmp_path / "latin.txt"
    file.write_bytes((PARAGRAPH * 4).encode("cp1252"))
    return keep(store, file, encoding="windows-1251")


def in_chat(world: World, *documents: str) -> Tab:
    """A tab whose chat has these documents."""
    tab = world.open()
    for document in documents:
        known = world.engine.store.documents.get(document)  # type: ignore[attr-defined]
        world.engine.library.documents[document] = known
        chat_of(tab).add_document(document)
    until(lambda: not chat_of(tab).reading)
    return tab


def draw(world: World, tab: Tab, part: str) -> str:
    return PARTS[part](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]


def settled(world: World, document: str) -> None:
    assert world.handlers.retakings.wait(document, 20)


# ---------------------------------------------------------------------------------------------------- library


def test_all_documents_are_listed_sorted_and_searched(world: World, store: Store, tmp_path: Path) -> None:
    for number in range(12):
        file = tmp_path / f"note {number:02}.txt"
        file.write_text(f"Note {number}. " + "words " * (40 * number))
        keep(store, file)
    tab = in_chat(world, next(d.id for d in store.documents.list() if d.name == "note 03.txt"))
    assert draw(world, tab, "library") == "", "nothing is looked up while nobody looks"
    world.act("library-shown", open="1")
    drawn = draw(world, tab, "library")
    assert drawn.count('class="library-row"') == 12
    assert words(drawn).count("in this chat, read") == 1
    world.act("sort-library", value="name")
    assert draw(world, tab, "library").index("note 00") < draw(world, tab, "library").index("note 11")
    world.act("sort-library", value="size")
    drawn = draw(world, tab, "library")
    assert drawn.index("note 11") < drawn.index("note 05")
    world.act("search-library", value="TE 0")
    assert draw(world, tab, "library").count('class="library-row"') == 10
    world.act("search-library", value="<none>")
    assert "No document is called like this." in draw(world, tab, "library")
    world.act("library-shown", open="")
    assert draw(world, tab, "library") == ""


def test_deleting_asks_and_says_what_it_frees_and_who_uses_it(world: World, store: Store, latin: str) -> None:
    store.chats.save("c1", "Mills <of> old", True, {}, [{"id": latin, "name": "latin.txt", "revision": 1}])
    tab = in_chat(world, latin)
    world.act("library-shown", open="1")
    world.act("open-page", document=latin, page="1")
    world.act("ask-delete-document", documentId=latin)
    asked = words(draw(world, tab, "library"))
    size = store.documents.usage(latin).total
    assert f"Delete latin.txt? That frees {m.size(size)}: its file, text and readings." in asked
    assert "The chat “Mills &lt;of&gt; old” uses it; it keeps its questions and answers." in asked
    world.act("keep-document")
    assert "That frees" not in draw(world, tab, "library") and store.documents.has(latin)
    world.act("delete-document", documentId=latin)
    assert not store.documents.has(latin) and tab.reader is None
    assert sentences(tab) == [f"latin.txt is deleted; that freed {m.size(size)}."]
    assert "latin.txt" not in draw(world, tab, "library")


def test_a_document_is_renamed(world: World, store: Store, latin: str) -> None:
    tab = in_chat(world)
    world.act("library-shown", open="1")
    world.act("ask-rename-document", documentId=latin)
    assert 'data-enter="rename-document"' in draw(world, tab, "library")
    world.act("rename-document", documentId=latin, value="Mills")
    assert store.documents.get(latin).name == "Mills"
    world.act("rename-document", documentId=latin, value="  ")
    assert "The name is empty" in sentences(tab)[0] and store.documents.get(latin).name == "Mills"


def test_readings_are_freed_after_asking(world: World, store: Store, latin: str) -> None:
    folder = store.folder / "snapshots"
    folder.mkdir(exist_ok=True)
    (folder / "k.json").write_text(json.dumps({"segments": [{"document_id": latin}]}))
    (folder / "k-10.safetensors").write_bytes(b"x" * 50_000)
    (folder / "k.1.partial").write_bytes(b"half")
    tab = in_chat(world)
    world.act("library-shown", open="1")
    assert "readings 50.1 kB" in words(draw(world, tab, "library"))
    world.act("ask-free-space")
    assert "Delete the readings of all documents" in draw(world, tab, "library")
    assert (folder / "k-10.safetensors").exists()
    world.act("free-space")
    assert sorted(path.name for path in folder.iterdir()) == ["k.1.partial"], "that may be being written"
    assert "that freed 50.1 kB" in sentences(tab)[0] and store.documents.has(latin)


def test_a_damaged_document_is_listed_and_its_text_can_be_saved(
    world: World, store: Store, latin: str
) -> None:
    with store.database.writing() as connection:
        connection.execute("UPDATE texts SET warnings = 'no JSON' WHERE document_id = ?", (latin,))
    tab = in_chat(world)
    world.act("library-shown", open="1")
    drawn = draw(world, tab, "library")
    assert "Cannot be read" in drawn and f'href="/texts/{latin}"' in drawn
    world.act("ask-delete-document", documentId=latin)
    assert "Delete latin.txt?" in words(draw(world, tab, "library"))
    world.act("delete-document", documentId=latin)
    assert not store.documents.has(latin)


# ------------------------------------------------------------------------------------------ texts taken out again


def test_an_encoding_is_shown_and_changed(world: World, store: Store, latin: str) -> None:
    tab = in_chat(world, latin)
    assert "read as Cyrillic (Windows) (windows-1251)" in words(draw(world, tab, "documents"))
    assert "Größe" not in store.documents.pages(latin)[0]
    world.act("choose-encoding", documentId=latin)
    assert 'data-encoding="windows-1252"' in draw(world, tab, "documents")
    world.engine.newer.append(latin)  # as the real chat sees it, once it is there
    world.act("set-encoding", documentId=latin, encoding="windows-1252")
    settled(world, latin)
    document = store.documents.get(latin)
    assert document.revision == 2 and document.encoding == "windows-1252"
    assert store.documents.pages(latin)[0].startswith("Die Größe der Mühle")
    assert chat_of(tab).taken == [latin], "the chat goes on with it"
    assert sentences(tab) == ["latin.txt: its text was taken out again."]
    world.act("set-encoding", documentId=latin, encoding="rot13")
    assert "not among those offered" in sentences(tab)[0]


def test_a_better_text_is_offered_and_taken(
    world: World, store: Store, latin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_rows, "EXTRACTOR_VERSION", document_rows.EXTRACTOR_VERSION + 1)
    tab = in_chat(world, latin)
    assert "better text available" in draw(world, tab, "documents")
    world.act("take-newer", documentId=latin)
    settled(world, latin)
    assert store.documents.get(latin).revision == 2
    world.engine.newer.append(latin)
    world.act("take-newer", documentId=latin)
    assert chat_of(tab).taken == [latin] and store.documents.get(latin).revision == 2, "it is there already"


def test_without_its_file_a_text_cannot_be_taken_out_again(world: World, store: Store, latin: str) -> None:
    tab = in_chat(world, latin)
    path = store.documents.original(latin)
    assert path is not None
    path.unlink()
    world.act("take-newer", documentId=latin)
    settled(world, latin)
    assert "was not kept" in sentences(tab)[0] and store.documents.get(latin).revision == 1


@pytest.fixture
def scan(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Three pages of which the second is a picture; recognition is there."""
    monkeypatch.setattr(recognition, "is_available", lambda: True)
    pages = Extracted.of_texts("scan.pdf", "pdf", "", ["one", "", "three"]).layout
    pages = (pages[0], replace(pages[1], label="B", warnings=(NO_TEXT,)), pages[2])
    file = tmp_path / "scan.pdf"
    file.write_bytes(b"%PDF-1.4 a scan")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    told = ("No text layer on page 2: " + NO_TEXT.split(": ")[1], "The file was repaired.")
    return store.documents.add(Extracted("scan.pdf", "pdf", digest, pages, warnings=told), file).id


def test_pages_without_text_are_recognised_in_the_background(
    world: World, store: Store, scan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = threading.Event(), threading.Event()

    def recognise(source: object, numbers: list[int], on_page: Any, stop: Any, **_: Any) -> dict[int, Page]:
        assert numbers == [2]
        page = Extracted.of_texts("", "pdf", "", ["", "zwei"]).layout[1]
        on_page(page, 1, 1)
        started.set()
        assert go_on.wait(10)
        return {2: page}

    monkeypatch.setattr(recognition, "recognise", recognise)
    tab = in_chat(world, scan)
    assert "no right text on 1 page" in words(draw(world, tab, "documents"))
    world.act("recognise", documentId=scan)
    assert started.wait(10) and tab.moving
    assert "recognising page 1 of 1" in words(draw(world, tab, "documents"))
    world.act("recognise", documentId=scan)
    assert "taken out again already" in sentences(tab)[0]
    go_on.set()
    settled(world, scan)
    assert store.documents.pages(scan) == ("one", "zwei", "three")
    (page,) = store.documents.layout(scan, [2])
    assert page.label == "B" and store.documents.get(scan).warnings == ("The file was repaired.",)
    tab.extras_due = 0.0
    assert "no right text" not in words(draw(world, tab, "documents")) and not tab.moving


def test_the_library_offers_to_recognise_a_scan(
    world: World, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = pdfs.scanned_pdf(tmp_path / "all.pdf", [None, None])
    document = keep(store, file, need_text=False)
    numbers: list[int] = []

    def recognise(source: object, wanted: list[int], on_page: Any, stop: Any, **_: Any) -> dict[int, Page]:
        numbers.extend(wanted)
        until(stop)
        raise ExtractionCancelled("cancelled")

    monkeypatch.setattr(recognition, "is_available", lambda: True)
    monkeypatch.setattr(recognition, "recognise", recognise)
    tab = in_chat(world)
    world.act("library-shown", open="1")
    drawn = draw(world, tab, "library")
    assert 'aria-label="Recognise the text of all.pdf"' in drawn and "Add all.pdf" not in drawn
    world.act("recognise", documentId=document)
    until(lambda: numbers)
    drawn = draw(world, tab, "library")
    assert "recognising" in drawn and 'data-action="cancel-retake"' in drawn
    world.act("cancel-retake", documentId=document)
    settled(world, document)
    assert numbers == [1, 2]


def test_recognition_can_be_cancelled(
    world: World, store: Store, scan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recognise(source: object, numbers: object, on_page: object, stop: Any, **_: Any) -> dict[int, Page]:
        until(stop)
        raise ExtractionCancelled("Text recognition of scan.pdf was cancelled.")

    monkeypatch.setattr(recognition, "recognise", recognise)
    tab = in_chat(world, scan)
    world.act("recognise", documentId=scan)
    world.act("cancel-retake", documentId=scan)
    settled(world, scan)
    assert sentences(tab) == ["scan.pdf stays as it was."]
    assert store.documents.get(scan).revision == 1


def test_what_fails_changes_nothing_and_says_why(
    world: World, store: Store, scan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> dict[int, Page]:
        raise DocumentError("scan.pdf cannot be recognised, because it broke down.")

    monkeypatch.setattr(recognition, "recognise", broken)
    tab = in_chat(world, scan)
    world.act("recognise", documentId=scan)
    settled(world, scan)
    assert sentences(tab) == ["scan.pdf cannot be recognised, because it broke down."]

    def nothing(source: object, numbers: list[int], *_: object, **__: object) -> dict[int, Page]:
        return {number: Page(number) for number in numbers}

    monkeypatch.setattr(recognition, "recognise", nothing)
    world.act("recognise", documentId=scan)
    settled(world, scan)
    (page,) = store.documents.layout(scan, [2])
    assert page.warnings == ("Text recognition found nothing on this page.",)
    monkeypatch.setattr(recognition, "is_available", lambda: False)
    sentences(tab)
    world.act("recognise", documentId=scan)
    assert sentences(tab) == [recognition.MISSING]


def test_encodings_offered_are_ones_that_can_be_read() -> None:
    for encoding in DOCUMENTS().encoding:
        assert "x".encode(encoding).decode(encoding) == "x"
