"""The reader beside the chat: which page it shows, what is marked on it, and what is said where there is none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.documents import Block, Extracted, Line, Page
from app.recall import Hit, index_document, search
from app.store import Store
from app.ui.session import Tab
from tests.app.ui.desk import World, sentences, words
from tests.app.ui.fakes import FakeEngine


def printed_page(number: int, text: str, label: str = "", **more: Any) -> Page:
    """A page of 600 by 800 points with one line of text, each character ten points wide, 100 points from the top."""
    extents = tuple(float(place) for at in range(len(text)) for place in (50 + 10 * at, 60 + 10 * at))
    line = Line(0, (50.0, 100.0, 50.0 + 10 * len(text), 112.0), extents)
    return Page(number, (Block("paragraph", text, lines=(line,)),), label, 600.0, 800.0, **more)


def add(store: Store, folder: Path, pages: tuple[Page, ...], name: str = "manual.pdf", **more: Any) -> str:
    """A document with its file in the store; returns its id."""
    file = folder / f"original-{name}"
    file.write_bytes(name.encode())
    digest = hashlib.sha256(name.encode()).hexdigest()
    kind = "pdf" if name.endswith(".pdf") else "txt"
    return store.documents.add(Extracted(name, kind, digest, pages, **more), file).id  # type: ignore[arg-type]


def search_in(store: Store, query: str, document_ids: Any = None, limit: int = 20) -> list[Hit]:
    """What the engine does."""
    for document in store.documents.list():
        index_document(store, document.id)
    with store.database.reading() as connection:
        return search(connection, query, document_ids, limit)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "data") as store:
        yield store


@pytest.fixture
def world(tmp_path: Path, store: Store) -> World:
    engine = FakeEngine(pace=0.002)
    engine.store = store  # type: ignore[assignment]
    engine.search = partial(search_in, store)  # type: ignore[method-assign]
    return World(tmp_path, engine)


@pytest.fixture
def manual(store: Store, tmp_path: Path) -> str:
    pages = (
        printed_page(1, "The pump stands still.", "i"),
        printed_page(2, "The mill burned in 1843, and the pump with it.", "ii"),
        printed_page(3, "A pump is opened by two.", "1", warnings=("Some letters are missing.",)),
    )
    return add(store, tmp_path, pages, warnings=("The file was repaired.",))


def shown(tab: Tab) -> str:
    assert tab.reader is not None
    return tab.reader.parts()["reader-page"]


def told(tab: Tab) -> dict[str, Any]:
    assert tab.reader is not None
    return tab.reader.told()


def test_a_page_opens_with_its_passage_marked_where_it_is_printed(world: World, manual: str) -> None:
    tab = world.open()
    world.act("open-page", document=manual, page="2", start="4", end="8")  # "mill"
    assert f'data-picture="/pictures/{manual}/2"' in shown(tab)
    (style,) = re.findall(r'class="mark passage" style="([^"]*)"', shown(tab))
    assert style == "left: 15.00%; top: 12.50%; width: 6.67%; height: 1.50%"
    assert [told(tab)[name] for name in ("unit", "typed", "of")] == ["p.", "ii", "(2) of 3"]
    world.act("reader-mode", mode="text")
    assert 'The <mark class="passage">mill</mark> burned' in shown(tab) and "data-picture" not in shown(tab)
    world.act("reader-mode", mode="both")
    assert "data-picture" in shown(tab) and "<mark" in shown(tab)
    world.act("close-reader")
    assert tab.reader is None


def test_pages_are_turned_and_chosen_by_label_or_number(world: World, manual: str) -> None:
    tab = world.open()
    world.act("open-page", document=manual, page="1", start="0", end="3")
    world.act("reader-turn", by="-1")
    assert told(tab)["page"] == 1, "nothing is before the first page"
    world.act("reader-turn", by="1")
    assert told(tab)["page"] == 2 and "passage" not in shown(tab), "the passage is on another page"
    for typed, page in (("1", 3), ("I", 1), ("p. ii", 2), ("3", 3)):
        world.act("reader-go", value=typed)
        assert told(tab)["page"] == page, typed
    for typed in ("seven", "4", "0", "-1", ""):
        world.act("reader-go", value=typed)
        assert told(tab)["page"] == 3
        (sentence,) = sentences(tab)
        assert "manual.pdf" in sentence and sentence.endswith(".")


def test_warnings_of_the_page_and_of_the_document_are_shown(world: World, manual: str) -> None:
    tab = world.open()
    world.act("open-page", document=manual, page="3")
    assert tab.reader is not None
    title = words(tab.reader.parts()["reader-title"])
    assert title == "manual.pdf Some letters are missing. The file was repaired."


def test_words_are_found_in_the_document_and_gone_through(world: World, manual: str) -> None:
    tab = world.open()
    world.act("open-page", document=manual, page="2")
    world.act("reader-find", value=" PUMP ")
    assert [told(tab)[name] for name in ("found", "current", "page")] == [3, 1, 2], "from this page on"
    assert 'class="mark found current"' in shown(tab)
    pages = []
    for _ in range(3):
        world.act("reader-hit", by="1")
        pages.append(told(tab)["page"])
    assert pages == [3, 1, 2]
    world.act("reader-hit", by="-1")
    assert told(tab)["page"] == 1
    world.act("reader-find", value="in  1843")
    assert told(tab)["found"] == 1 and told(tab)["page"] == 2
    world.act("reader-find", value="(.*")
    assert told(tab)["found"] == 0 and "found" not in shown(tab), "what is typed is no pattern"
    world.act("reader-find", value="")
    assert told(tab)["query"] == ""


def test_a_text_is_shown_without_a_picture(world: World, store: Store, tmp_path: Path) -> None:
    blocks = (
        Block("heading", "Fees & <b>fines</b>", level=1),
        Block("paragraph", "One pound."),
        Block("header", "running head"),
        Block("table_row", "| a | b |"),
    )
    document = add(store, tmp_path, (Page(1, blocks),), "fees.md")
    tab = world.open()
    world.act("open-page", document=document, page="1", start="10", end="15")
    drawn = shown(tab)
    assert "data-picture" not in drawn and told(tab)["picture"] is False
    assert "Fees &amp; &lt;b&gt;<mark" in drawn and "<b>" not in drawn, "nothing of a text becomes a tag"
    assert 'role="heading" aria-level="3"' in drawn and "left-out" in drawn
    assert words(drawn.replace("<mark", " <mark")).startswith("Fees &amp; &lt;b&gt; fines")


def test_where_there_is_nothing_to_open_a_sentence_says_so(world: World, manual: str) -> None:
    tab = world.open()
    for data in ({"document": "../../etc", "page": "1"}, {"document": manual, "page": "4"}, {"page": "1"}):
        world.act("open-page", **data)
        assert tab.reader is None
        assert len(sentences(tab)) == 1
    for action in ("reader-turn", "reader-hit", "reader-go", "reader-find", "reader-mode"):
        world.act(action, value="x", mode="text", by="1")
        assert "open one first" in sentences(tab)[0]
    world.act("open-page", document=manual, page="2", start="8", end="4")
    assert tab.reader is not None and "passage" not in shown(tab), "a place that is none marks nothing"


def test_a_text_that_has_gone_is_shown_as_it_is_now_without_a_mark(
    world: World, store: Store, manual: str
) -> None:
    tab = world.open()
    document = store.documents.get(manual)
    fresh = (printed_page(1, "Another text of the same file."),)
    store.documents.replace(manual, Extracted(document.name, "pdf", document.sha256, fresh))
    world.act("open-page", document=manual, page="1", start="0", end="3", revision="1")
    assert tab.reader is not None and tab.reader.document.revision == 2
    assert "passage" not in shown(tab)


def test_a_text_taken_out_again_while_it_is_open_is_shown_as_it_is_now(
    world: World, store: Store, manual: str
) -> None:
    tab = world.open()
    world.act("open-page", document=manual, page="3")
    world.act("reader-find", value="pump")
    document = store.documents.get(manual)
    fresh = (printed_page(1, "New text."), printed_page(2, "More of a pump."))
    store.documents.replace(manual, Extracted(document.name, "pdf", document.sha256, fresh))
    world.act("reader-turn", by="-1")
    assert told(tab)["page"] == 1 and told(tab)["pages"] == 2 and told(tab)["found"] == 1
    assert sentences(tab) == []
    store.documents.delete(manual)
    world.act("reader-turn", by="1")
    assert tab.reader is None and len(sentences(tab)) == 1


def test_search_over_all_documents_leads_to_the_place(
    world: World, store: Store, manual: str, tmp_path: Path
) -> None:
    from app.ui.drawing import PARTS
    from app.ui.views.status import Loading

    other = add(store, tmp_path, (printed_page(1, "Nothing but <pumps> here."),), "other.pdf")
    tab = world.open()
    world.act("search-everything", value="pump")
    drawn = PARTS["found"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert "In your documents" in drawn and "&lt;<mark>pumps</mark>&gt;" in drawn
    assert {one.document_id for one in tab.found} == {manual, other}
    found = next(one for one in tab.found if one.document_id == other)
    assert found.label == "p. 1"
    place = found.place
    world.act("open-page", document=other, page=str(place.page), start=str(place.start), end=str(place.end))
    world.act("reader-mode", mode="text")
    assert '<mark class="passage">Nothing but &lt;pumps&gt; here.</mark>' in shown(tab)
    world.act("search-everything", value="nowhere")
    drawn = PARTS["found"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert "No document contains this." in drawn
    world.act("search-everything", value="")
    assert PARTS["found"](tab, world.engine, Loading(ready=True)) == ""  # type: ignore[arg-type]
