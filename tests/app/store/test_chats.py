"""The chats on disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import Chats, Store, StoredChat, StoredTurn


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "folder") as store:
        yield store


@pytest.fixture
def chats(store: Store) -> Chats:
    return store.chats


def save(chats: Chats, chat_id: str, title: str = "A chat", names: tuple[str, ...] = ()) -> None:
    chats.save(chat_id, title, False, {"memory": "ahn"}, [{"name": name} for name in names])


def test_what_is_saved_is_there_for_another_process(chats: Chats, tmp_path: Path) -> None:
    save(chats, "a", "Pumps", ("manual.pdf",))
    chats.save_turn("a", StoredTurn("Why?", "Because.", {"token_ids": [1, 2]}))
    with Store(tmp_path / "folder") as other:
        stored = other.chats.load("a")
    assert stored is not None
    assert (stored.title, stored.named, stored.settings) == ("Pumps", False, {"memory": "ahn"})
    assert stored.documents == [{"name": "manual.pdf"}]
    assert stored.turns == [StoredTurn("Why?", "Because.", {"token_ids": [1, 2]})]


def test_saving_a_chat_again_keeps_its_turns(chats: Chats) -> None:
    save(chats, "a")
    chats.save_turn("a", StoredTurn("Why?", "Because.", {}))
    save(chats, "a", "Another title")
    stored = chats.load("a")
    assert stored is not None
    assert stored.title == "Another title"
    assert len(stored.turns) == 1


def turn(turn_id: int, parent: int, question: str = "", *, shown: bool = True) -> StoredTurn:
    return StoredTurn(question or f"Q{turn_id}", "A", {}, id=turn_id, parent=parent, shown=shown)


def shown(chats: Chats, chat_id: str = "a") -> dict[int, bool]:
    stored = chats.load(chat_id)
    assert stored is not None
    return {turn.id: turn.shown for turn in stored.turns}


def test_of_the_versions_of_a_turn_one_is_shown_and_none_is_lost(chats: Chats) -> None:
    save(chats, "a")
    for place in (turn(1, 0), turn(2, 1), turn(3, 2), turn(4, 1)):  # 4 is another version of 2
        chats.save_turn("a", place)
    assert shown(chats) == {1: True, 2: False, 3: True, 4: True}
    assert chats.list()[0].turn_count == 2
    chats.show_turn("a", 1, 2)
    assert shown(chats) == {1: True, 2: True, 3: True, 4: False}
    assert chats.list()[0].turn_count == 3
    chats.show_turn("a", 0, None)
    assert shown(chats)[1] is False and chats.list()[0].turn_count == 0
    chats.save_turn("a", turn(4, 1, "Q4 again", shown=False))
    chats.delete_turns("a", [2, 3])
    stored = chats.load("a")
    assert stored is not None and [one.question for one in stored.turns] == ["Q1", "Q4 again"]


def test_a_pinned_chat_is_listed_first(chats: Chats) -> None:
    for name in ("a", "b", "c"):
        save(chats, name)
    assert chats.pin("a", True) and not chats.pin("nobody", True)
    assert [(chat.id, chat.pinned) for chat in chats.list()] == [("a", True), ("c", False), ("b", False)]
    save(chats, "a", "Another title")
    assert chats.list()[0].pinned, "saving a chat again leaves it pinned"
    chats.pin("a", False)
    assert [chat.id for chat in chats.list()] == ["c", "b", "a"]


def test_deleting_a_chat_deletes_its_turns(chats: Chats, store: Store) -> None:
    save(chats, "a")
    chats.save_turn("a", StoredTurn("Q", "A", {}))
    assert chats.delete("a")
    assert not chats.delete("a")
    assert chats.load("a") is None
    with store.database.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM turns").fetchone() == (0,)


def test_the_last_used_chat_is_listed_first(chats: Chats) -> None:
    save(chats, "a", "First", ("one.pdf", "two.pdf"))
    save(chats, "b", "Second")
    assert [chat.id for chat in chats.list()] == ["b", "a"]
    chats.save_turn("a", StoredTurn("Q", "A", {}))
    first, _ = chats.list()
    assert (first.id, first.turn_count, first.document_names) == ("a", 1, ("one.pdf", "two.pdf"))
    save(chats, "b", "Second, looked at again")
    assert [chat.id for chat in chats.list()] == ["a", "b"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("pump", {"a"}),
        ("MANUAL", {"a"}),
        ("valve", {"b"}),
        ("seventy", {"b"}),
        ("100%", {"b"}),
        ("_", set()),
        ("", {"a", "b"}),
    ],
)
def test_search_looks_at_titles_documents_questions_and_answers(
    chats: Chats, search: str, found: set[str]
) -> None:
    save(chats, "a", "Pumps", ("manual.pdf",))
    save(chats, "b", "Other", ("thesis.pdf",))
    chats.save_turn("b", StoredTurn("Which valve is 100% open?", "Number seventy.", {}))
    assert {chat.id for chat in chats.list(search)} == found


def test_a_given_title_is_known_as_given(chats: Chats) -> None:
    save(chats, "a")
    assert chats.rename("a", "Mine")
    assert not chats.rename("b", "Nobody's")
    stored = chats.load("a")
    assert stored is not None
    assert (stored.title, stored.named) == ("Mine", True)


def test_rates_are_kept_by_name(store: Store) -> None:
    assert store.rates.get("tiny ahn") is None
    store.rates.save("tiny ahn", 10.0)
    store.rates.save("tiny ahn", 12.5)
    assert store.rates.get("tiny ahn") == 12.5


def test_many_threads_write_at_once(chats: Chats) -> None:
    def work(name: str) -> None:
        save(chats, name)
        for position in range(10):
            chats.save_turn(name, turn(position + 1, position))

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [chat.turn_count for chat in chats.list()] == [10] * 5


# Damaged rows


@pytest.mark.parametrize("column", ["settings", "documents"])
@pytest.mark.parametrize("value", ["nonsense", "5", "null", '[5, "x"]', '"words"'])
def test_a_damaged_chat_is_listed_as_unreadable_and_costs_nothing_else(
    chats: Chats, store: Store, column: str, value: str
) -> None:
    save(chats, "a", "Harmed")
    save(chats, "b", "Whole")
    chats.save_turn("a", StoredTurn("Q", "A", {}))
    with store.database.writing() as connection:
        connection.execute(f"UPDATE chats SET {column} = ? WHERE id = 'a'", (value,))
    listed = {chat.title: bool(chat.unreadable) for chat in chats.list()}
    assert listed == {"Harmed": True, "Whole": False}
    stored = chats.load("a")
    assert stored is not None and stored.unreadable
    assert [turn.answer for turn in stored.turns] == ["A"]
    raw = chats.raw("a")
    assert raw is not None
    assert (raw["title"], raw[column], raw["turns"][0]["answer"]) == ("Harmed", value, "A")
    assert chats.rename("a", "Still harmed") and chats.delete("a")


def test_a_damaged_turn_keeps_its_words(chats: Chats, store: Store) -> None:
    save(chats, "a")
    chats.save_turn("a", StoredTurn("Why?", "Because.", {"state": "done"}))
    with store.database.writing() as connection:
        connection.execute("UPDATE turns SET details = '{'")
    stored = chats.load("a")
    assert stored is not None
    (turn,) = stored.turns
    assert (turn.question, turn.answer, turn.details) == ("Why?", "Because.", {})
    assert "row is damaged" in turn.unreadable


def test_the_list_asks_whether_a_chat_can_be_opened(chats: Chats) -> None:
    chats.save("a", "Old", False, {"memory": "ahn"}, [], version=1)
    chats.save("b", "New", False, {"memory": "ahn"}, [], version=7)

    def check(chat: StoredChat) -> str:
        return f"format {chat.version}" if chat.version > 1 else ""

    assert {chat.title: chat.unreadable for chat in chats.list("", check)} == {"Old": "", "New": "format 7"}


def test_there_is_nothing_raw_of_an_unknown_chat(chats: Chats) -> None:
    assert chats.raw("unknown") is None
