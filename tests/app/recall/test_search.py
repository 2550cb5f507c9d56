"""Searching: stems, codes, phrases, scripts without spaces, accents, beginnings, marks, deletion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.recall import Hit, index_document, search
from app.store import Store, TextId
from tests.app.recall.support import HANDBOOK, add, pages, prose


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


def find(store: Store, query: str, documents: list[str | TextId] | None = None) -> list[Hit]:
    with store.database.reading() as connection:
        return search(connection, query, documents)


def marked(hit: Hit) -> list[str]:
    return [hit.text[start:end] for start, end in hit.marks]


def test_a_word_is_found_in_its_other_forms_and_marked(store: Store) -> None:
    add(store, "handbook", pages(HANDBOOK))
    (hit,) = find(store, "weigh lenses")
    assert marked(hit) == ["lens", "weighs"]
    assert (hit.page, hit.label) == (1, "1")
    assert hit.passage.text[hit.start : hit.end] == hit.text


@pytest.mark.parametrize("query", ["--with-air", "/etc/siren.conf", "1,400", "1400", "2.4"])
def test_codes_and_numbers_are_found_as_they_stand(store: Store, query: str) -> None:
    add(store, "handbook", pages(HANDBOOK))
    add(store, "other", prose("With air from etc, siren and conf of 1 and 400, or of 2 and 4 things."))
    (hit,) = find(store, query)
    assert hit.document_id == store.documents.list()[1].id
    assert marked(hit)


def test_words_in_quotation_marks_stand_in_this_order(store: Store) -> None:
    add(store, "one", prose("The red boat came to the old pier."))
    add(store, "two", prose("The old boat came to the red pier."))
    assert [hit.text for hit in find(store, '"red boat"')] == ["The red boat came to the old pier."]
    assert len(find(store, "red boat")) == 2


def test_accents_do_not_matter_and_each_language_has_its_stems(store: Store) -> None:
    german = "Die Wärter der Leuchttürme zünden die Lampen an, und nicht nur bei Nebel. " * 3
    french = "Les gardiens des phares allument les lampes et ne dorment pas pendant la nuit. " * 3
    add(store, "de", prose(german))
    add(store, "fr", prose(french))
    assert find(store, "leuchtturm")[0].text.startswith("Die Wärter")
    assert find(store, "gardien du phare")[0].text.startswith("Les gardiens")


def test_a_script_without_spaces_is_found_by_any_two_signs(store: Store) -> None:
    add(store, "ja", prose("灯台の高さは三十八メートルです。霧の日はサイレンを鳴らします。"))
    add(store, "zh", prose("灯塔高三十八米。"))
    assert [hit.text[:3] for hit in find(store, "サイレン")] == ["霧の日"]
    assert marked(find(store, "高さ")[0]) == ["高さ"]


def test_the_last_word_may_be_a_beginning(store: Store) -> None:
    add(store, "handbook", pages(HANDBOOK))
    assert marked(find(store, "crane kilogr")[0]) == ["crane", "kilograms"]


def test_nothing_and_signs_alone_find_nothing(store: Store) -> None:
    add(store, "handbook", pages(HANDBOOK))
    for query in ("", "   ", '"', '""', "OR", "*", "(", "NEAR(", "zebra"):
        assert find(store, query) == []


def test_a_document_is_searched_alone_and_in_its_revision(store: Store) -> None:
    first = add(store, "one", prose("The crane is blue."))
    add(store, "two", prose("The crane is red."))
    assert [hit.text for hit in find(store, "crane", [first])] == ["The crane is blue."]
    assert [hit.text for hit in find(store, "crane", [TextId(first, 1)])] == ["The crane is blue."]
    assert find(store, "crane", [TextId(first, 2)]) == []


def test_indexing_again_changes_nothing(store: Store) -> None:
    document_id = add(store, "handbook", pages(HANDBOOK))
    count = index_document(store, document_id)
    assert index_document(store, document_id) == count
    assert len(find(store, "siren")) == len({hit.passage.id for hit in find(store, "siren")})


def test_a_deleted_document_leaves_nothing_to_find_or_read(store: Store, tmp_path: Path) -> None:
    kept = add(store, "kept", prose("The crane is blue."))
    gone = add(store, "gone", prose("A xylophonist plays."))
    assert find(store, "xylophonist")
    assert store.documents.usage(gone).nbytes["passages"] > 0
    store.documents.delete(gone)
    assert find(store, "xylophonist") == []
    assert [hit.document_id for hit in find(store, "crane")] == [kept]
    store.close()
    assert not any(b"xylophon" in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
