"""The library keeps what it is given, through restarts, threads, processes and damaged rows."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from app.documents import EXTRACTOR_VERSION, Extracted
from app.sentences import Sentence
from app.store import Document, Store, StoreError, TextId, UnknownDocument
from tests.app.store.support import extracted, laid_out, run_script


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store(folder) as store:
        yield store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "manual.pdf"
    path.write_bytes(b"%PDF- a very secret file")
    return path


def of_file(file: Path, *texts: str, name: str = "manual.pdf") -> Extracted:
    return Extracted.of_texts(
        name, "pdf", hashlib.sha256(file.read_bytes()).hexdigest(), texts or ("One", "Two")
    )


def test_what_is_added_is_there(store: Store) -> None:
    given = extracted()
    document = store.documents.add(given)
    assert document == Document(
        id=given.sha256[:32],
        name="manual.pdf",
        kind="pdf",
        page_count=3,
        characters=12,
        pages_without_text=(2,),
        added_at=document.added_at,
        sha256=given.sha256,
        last_used_at=document.added_at,
    )
    assert abs(datetime.now(timezone.utc) - document.added_at) < timedelta(seconds=10)
    assert store.documents.get(document.id) == document
    assert store.documents.pages(document.id) == given.pages
    assert store.documents.list() == [document]
    assert store.documents.has(document.id) and not store.documents.has("other")


def test_pages_come_back_with_their_layout(store: Store) -> None:
    given = laid_out()
    document = store.documents.add(given)
    assert store.documents.layout(document.id) == given.layout
    assert store.documents.layout(document.id, [2]) == given.layout[1:]
    assert store.documents.layout(document.id, []) == ()
    assert store.documents.layout(document.id)[0].boxes(0, 4) == [(72.0, 100.0, 96.4, 112.0)]
    assert store.documents.pages(document.id) == ("Warm water\n\n| a | | b |", "")
    assert store.documents.outline(document.id) == given.outline
    assert (document.warnings, document.unit) == (given.warnings, "page")


def test_the_same_bytes_under_another_name_get_that_name(store: Store) -> None:
    first = store.documents.add(extracted())
    again = store.documents.add(Extracted.of_texts("copy.pdf", "pdf", extracted().sha256, ("Other", "text")))
    assert (again.id, again.name, again.added_at) == (first.id, "copy.pdf", first.added_at)
    assert store.documents.list() == [again]
    assert store.documents.pages(first.id) == extracted().pages


def test_the_newest_comes_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "app.store.documents.time.time", lambda: 1_000.0
    )  # a clock too coarse to tell them apart
    for name in "abc":
        store.documents.add(extracted(name))
    assert [document.name for document in store.documents.list()] == ["c", "b", "a"]
    monkeypatch.setattr("app.store.documents.time.time", lambda: 900.0)
    store.documents.add(extracted("older"))
    assert [document.name for document in store.documents.list()] == ["c", "b", "a", "older"]


def test_a_document_can_be_renamed_and_is_noted_as_used(store: Store) -> None:
    document = store.documents.add(extracted())
    assert store.documents.rename(document.id, "  Pump\nmanual ").name == "Pump manual"
    with pytest.raises(StoreError, match="name is empty"):
        store.documents.rename(document.id, " ")
    store.documents.touch(document.id)
    store.documents.touch("unknown")
    used = store.documents.get(document.id)
    assert used.name == "Pump manual"
    assert used.last_used_at is not None and used.last_used_at > document.added_at


def test_an_unknown_document_is_one_sentence(store: Store) -> None:
    documents = store.documents
    for method in (
        documents.get, documents.pages, documents.layout, documents.outline, documents.original, documents.usage,
        documents.delete, lambda one: documents.rename(one, "x"), lambda one: documents.replace(one, extracted()),
    ):  # fmt: skip
        with pytest.raises(UnknownDocument, match="There is no document 123 in the library"):
            method("123")  # type: ignore[operator]


def test_a_failed_add_leaves_nothing(store: Store, file: Path, folder: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        store.documents.add(of_file(file, "fine", "lone \ud800"), file)
    assert store.documents.list() == []
    assert [path for path in (folder / "originals").rglob("*") if path.is_file()] == []
    store.documents.add(of_file(file), file)  # and the next one works


# Texts taken out again


def test_another_text_gets_another_revision_and_chats_keep_theirs(store: Store) -> None:
    first = store.documents.add(laid_out("Warm water"))
    store.chats.save("a", "A chat", False, {}, [{"id": first.id, "name": "manual.pdf"}])
    second = store.documents.replace(first.id, laid_out("Warm milk"))
    assert (first.text, second.text) == (TextId(first.id, 1), TextId(first.id, 2))
    assert (first.text.key, second.text.key) == (first.id, f"{first.id}@2")
    assert store.documents.pages(first.id)[0].startswith("Warm milk")
    assert store.documents.pages(first.id, 1)[0].startswith("Warm water")
    assert store.documents.layout(first.id, revision=1) == laid_out("Warm water").layout
    assert store.documents.get(first.id, 1).latest_revision == 2
    # The chat takes the new text, and nobody needs the old one any more.
    store.chats.save("a", "A chat", False, {}, [{"id": first.id, "name": "manual.pdf", "revision": 2}])
    with pytest.raises(UnknownDocument):
        store.documents.pages(first.id, 1)


def test_an_earlier_text_goes_with_the_last_chat_that_used_it(store: Store) -> None:
    document = store.documents.add(extracted())
    for chat in "ab":
        store.chats.save(chat, "A chat", False, {}, [{"id": document.id, "name": "manual.pdf"}])
    store.documents.replace(document.id, extracted())
    store.chats.delete("a")
    assert store.documents.pages(document.id, 1) == extracted().pages
    store.chats.delete("b")
    with pytest.raises(UnknownDocument):
        store.documents.pages(document.id, 1)
    assert store.documents.pages(document.id) == extracted().pages


def test_adding_a_file_again_takes_the_text_of_a_better_extractor(
    store: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("app.store.documents.EXTRACTOR_VERSION", EXTRACTOR_VERSION - 1)
        document = store.documents.add(of_file(file, "gluedwords"), file)
    assert document.can_be_read_again
    better = store.documents.add(of_file(file, "glued words"), file)
    assert (better.revision, better.extractor_version, better.can_be_read_again) == (
        2,
        EXTRACTOR_VERSION,
        False,
    )
    assert store.documents.pages(document.id) == ("glued words",)


def test_a_text_of_another_file_is_refused(store: Store) -> None:
    document = store.documents.add(extracted("a"))
    with pytest.raises(StoreError, match="taken out of another file than a, so nothing was changed"):
        store.documents.replace(document.id, extracted("b"))
    assert store.documents.get(document.id) == document


# Originals and deletion


def test_the_original_is_kept_as_it_was(store: Store, file: Path) -> None:
    document = store.documents.add(of_file(file), file)
    assert document.nbytes == 24
    kept = store.documents.original(document.id)
    assert kept is not None and kept.read_bytes() == file.read_bytes()
    assert kept.parts[-3:] == ("originals", document.sha256[:2], f"{document.sha256}.pdf")
    assert store.documents.original(store.documents.add(extracted()).id) is None


def test_an_original_comes_later_where_only_the_text_was_kept(store: Store, file: Path) -> None:
    assert store.documents.add(of_file(file)).nbytes is None
    assert store.documents.add(of_file(file), file).nbytes == 24


def test_a_file_that_changed_meanwhile_is_not_added(store: Store, file: Path, folder: Path) -> None:
    given = of_file(file)
    file.write_bytes(b"other")
    with pytest.raises(StoreError, match=r"manual\.pdf changed while it was being added"):
        store.documents.add(given, file)
    assert store.documents.list() == []
    assert [path for path in (folder / "originals").rglob("*") if path.is_file()] == []


def reading_of(folder: Path, key: str, *document_ids: str) -> list[Path]:
    """A reading as `app.conversation.snapshots` keeps it."""
    snapshots = folder / "snapshots"
    snapshots.mkdir(exist_ok=True)
    files = [snapshots / f"{key}.json", snapshots / f"{key}-40.safetensors"]
    segments = [
        {"document_id": one, "start": 0, "end": None, "offset": 0, "done": 40} for one in document_ids
    ]
    files[0].write_text(json.dumps({"format": 1, "length": 40, "segments": segments, "page_starts": {}}))
    files[1].write_bytes(bytes(1000))
    return files


def test_deletion_takes_everything_and_says_what_that_frees(store: Store, file: Path, folder: Path) -> None:
    kept = store.documents.add(extracted("kept"))
    gone = store.documents.add(of_file(file, "a very secret word", ""), file)
    store.chats.save("a", "Pumps", False, {}, [{"id": gone.id, "name": "manual.pdf"}])
    alone, both = reading_of(folder, "alone", gone.id), reading_of(folder, "both", kept.id, gone.id)
    others = reading_of(folder, "others", kept.id)
    usage = store.documents.usage(gone.id)
    readings = sum(path.stat().st_size for path in (*alone, *both))
    assert usage.nbytes == {"original": 24, "text": 18, "passages": 0, "readings": readings}
    assert usage.total == 42 + readings
    assert usage.chats == (("a", "Pumps"),)
    assert store.documents.delete(gone.id) == usage
    assert store.documents.list() == [kept] and store.documents.pages(kept.id) == extracted("kept").pages
    assert sorted((folder / "snapshots").iterdir()) == sorted(others)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert [path.name for path in files if b"very secret" in path.read_bytes()] == []
    assert [path for path in files if "originals" in path.parts] == []
    chat = store.chats.load("a")
    assert chat is not None and chat.documents[0]["name"] == "manual.pdf"


def test_deletion_gives_the_space_back(store: Store, folder: Path) -> None:
    document = store.documents.add(extracted(pages=tuple(f"{number} words " * 200 for number in range(500))))
    store.database.shrink()
    before = (folder / "store.sqlite3").stat().st_size
    usage = store.documents.delete(document.id)
    assert before - (folder / "store.sqlite3").stat().st_size >= usage.total > 900_000


def test_a_document_that_was_deleted_can_be_added_again(store: Store, file: Path) -> None:
    document = store.documents.add(of_file(file), file)
    store.documents.delete(document.id)
    again = store.documents.add(of_file(file), file)
    assert (again.id, again.revision) == (document.id, 1)
    assert store.documents.pages(document.id) == ("One", "Two")


DELETES = """
import os, signal, sys
from pathlib import Path
from app.store import Store
from app.store.originals import Originals

store = Store(Path(sys.argv[1]))
Originals.delete = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
store.documents.delete(store.documents.list()[0].id)
"""
ADDS = """
import os, signal, sys
from pathlib import Path
from app.documents import Extracted
from app.store import Store

store = Store(Path(sys.argv[1]))
store.documents.add(Extracted.of_texts("whole.txt", "txt", "a" * 64, ("one", "two")))
seen = []
def die_at_the_second_page(statement):
    seen.append("INSERT INTO pages" in statement)
    if sum(seen) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
with store.database.writing() as connection:
    connection.set_trace_callback(die_at_the_second_page)
store.documents.add(Extracted.of_texts("half.txt", "txt", "b" * 64, ("one", "two", "three")))
"""
needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")


@needs_kill
def test_a_killed_process_loses_nothing_that_was_added_and_keeps_nothing_half(folder: Path) -> None:
    run = run_script(ADDS, folder)
    assert run.returncode == -signal.SIGKILL, run.stderr
    with Store(folder) as store:
        assert [document.name for document in store.documents.list()] == ["whole.txt"]
        assert store.documents.pages("a" * 32) == ("one", "two")
        with store.database.reading() as connection:
            assert connection.execute("SELECT count(*) FROM pages").fetchone() == (2,)


@needs_kill
def test_a_deletion_that_was_killed_is_finished_by_the_next_start(folder: Path, file: Path) -> None:
    with Store(folder) as store:
        document = store.documents.add(of_file(file), file)
        readings = reading_of(folder, "alone", document.id)
    run = run_script(DELETES, folder)
    assert run.returncode == -signal.SIGKILL, run.stderr
    assert readings[0].exists(), "it was killed in the middle"
    with Store(folder) as store:
        assert store.documents.list() == []
        assert store.originals.path(document.sha256) is None
    assert not any(path.exists() for path in readings)


def test_it_is_there_after_a_restart_and_in_another_process_at_once(store: Store, folder: Path) -> None:
    document = store.documents.add(extracted())
    script = (
        "import sys\nfrom pathlib import Path\nfrom app.store import Store\n"
        "print(Store(Path(sys.argv[1])).documents.list()[0].name)"
    )
    run = run_script(script, folder)
    assert run.stdout == "manual.pdf\n", run.stderr
    store.close()
    with Store(folder) as reopened:
        assert reopened.documents.list() == [document]


# Damaged rows


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE texts SET pages_without_text = 'nonsense' WHERE document_id = ?",
        "UPDATE texts SET warnings = '5' WHERE document_id = ?",
        "UPDATE texts SET unit = 'scroll' WHERE document_id = ?",
        "UPDATE texts SET page_count = 'many' WHERE document_id = ?",
        "UPDATE documents SET added_at = 'once' WHERE id = ?",
    ],
)
def test_a_damaged_row_costs_that_document_and_its_text_can_be_had(store: Store, harm: str) -> None:
    kept, harmed = store.documents.add(extracted("kept")), store.documents.add(extracted("harmed"))
    with store.database.writing() as connection:
        connection.execute(harm, (harmed.id,))
    assert store.documents.list() == [kept]
    (unreadable,) = store.documents.unreadable()
    assert (unreadable.id, unreadable.name) == (harmed.id, "harmed") and unreadable.reason
    with pytest.raises(StoreError, match="The document harmed cannot be read from the store"):
        store.documents.get(harmed.id)
    assert store.documents.pages(harmed.id) == extracted("harmed").pages
    store.documents.delete(harmed.id)
    assert not store.documents.unreadable()


@pytest.mark.parametrize("blocks", [b"", b"nonsense", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_a_damaged_layout_costs_the_places_and_says_so(store: Store, blocks: bytes) -> None:
    document = store.documents.add(laid_out())
    with store.database.writing() as connection:
        connection.execute("UPDATE pages SET blocks = ? WHERE number = 1", (blocks,))
    page, _ = store.documents.layout(document.id)
    assert page.text == laid_out().pages[0]
    assert page.warnings == (
        "The layout of this page could not be read from the store, so it is shown as plain text.",
    )


def test_a_name_that_is_no_utf8_costs_its_letters_only(store: Store) -> None:
    document = store.documents.add(extracted())
    with store.database.writing() as connection:
        connection.execute("UPDATE documents SET name = CAST(x'41ff42' AS TEXT)")
    assert store.documents.get(document.id).name == "A\ufffdB"


# Search


def test_search_finds_pages_in_either_case_the_newest_document_first(store: Store) -> None:
    store.documents.add(extracted("a", ("The ÖLPUMPE is\nold.", "nothing")))
    store.documents.add(extracted("b", ("x " * 100 + "ölpumpe is " + "y " * 100,)))
    first, second = store.documents.search("Ölpumpe  IS")
    assert (first.name, first.page, second.name, second.page) == ("b", 1, "a", 1)
    assert second.snippet == "The ÖLPUMPE is old."
    assert first.snippet.startswith("…") and first.snippet.endswith("…") and "ölpumpe is" in first.snippet
    assert len(store.documents.search("is", limit=1)) == 1
    assert not store.documents.search("absent") and not store.documents.search(" ")


def test_warnings_come_back_with_their_parts_and_old_ones_as_texts(store: Store, file: Path) -> None:
    told = Sentence("{count:,} hidden rows are left out.", count=1200)
    one = replace(of_file(file), warnings=(told, "as it was"))
    one = replace(one, layout=(replace(one.layout[0], warnings=(told,)), *one.layout[1:]))
    document = store.documents.add(one)
    for warning in (
        store.documents.get(document.id).warnings[0],
        store.documents.layout(document.id)[0].warnings[0],
        store.documents.page_notes(document.id)[0].warnings[0],
    ):
        assert isinstance(warning, Sentence) and warning == told and warning.values == {"count": 1200}
    assert store.documents.get(document.id).warnings == ("1,200 hidden rows are left out.", "as it was")


def test_labels_and_warnings_of_pages_come_without_their_texts(store: Store) -> None:
    document = store.documents.add(laid_out())
    pages = store.documents.layout(document.id)
    notes = store.documents.page_notes(document.id)
    assert [tuple(note) for note in notes] == [(page.number, page.label, page.warnings) for page in pages]
    with store.database.writing() as connection:
        connection.execute("UPDATE pages SET warnings = '{' WHERE number = 1")
    assert store.documents.page_notes(document.id)[0].warnings == ()
    with pytest.raises(UnknownDocument):
        store.documents.page_notes("none")


def test_what_everything_takes_is_told_and_readings_can_be_freed(store: Store, file: Path) -> None:
    document = store.documents.add(of_file(file), file)
    folder = store.folder / "snapshots"
    folder.mkdir(exist_ok=True)
    (folder / "k.json").write_text(json.dumps({"segments": [{"document_id": document.id}]}))
    (folder / "k-7.safetensors").write_bytes(b"x" * 1000)
    (folder / "k.12.partial").write_bytes(b"y" * 10)
    taken = store.nbytes()
    assert taken["originals"] == file.stat().st_size and taken["text"] > 4096
    assert taken["readings"] == 1010 + (folder / "k.json").stat().st_size
    assert store.readings.delete_all() == taken["readings"] - 10
    assert store.nbytes()["readings"] == 10, "a save that may be under way is left alone"
    assert store.readings.delete_all() == 0
