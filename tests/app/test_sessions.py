"""The chats on disk."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from app.sessions import Sessions, SessionsError, StoredTurn


@pytest.fixture
def sessions(tmp_path: Path):
    sessions = Sessions(tmp_path / "folder" / "chats.sqlite3")
    yield sessions
    sessions.close()


def save(sessions: Sessions, chat_id: str, title: str = "A chat", names: tuple[str, ...] = ()) -> None:
    sessions.save_chat(chat_id, title, False, {"memory": "ahn"}, [{"name": name} for name in names])


def test_what_is_saved_is_there_for_another_process(sessions: Sessions, tmp_path: Path) -> None:
    save(sessions, "a", "Pumps", ("manual.pdf",))
    sessions.save_turn("a", 0, StoredTurn("Why?", "Because.", {"token_ids": [1, 2]}))
    other = Sessions(tmp_path / "folder" / "chats.sqlite3")
    stored = other.load("a")
    other.close()
    assert stored is not None
    assert (stored.title, stored.named, stored.settings) == ("Pumps", False, {"memory": "ahn"})
    assert stored.documents == [{"name": "manual.pdf"}]
    assert stored.turns == [StoredTurn("Why?", "Because.", {"token_ids": [1, 2]})]


def test_saving_a_chat_again_keeps_its_turns(sessions: Sessions) -> None:
    save(sessions, "a")
    sessions.save_turn("a", 0, StoredTurn("Why?", "Because.", {}))
    save(sessions, "a", "Another title")
    stored = sessions.load("a")
    assert stored is not None
    assert stored.title == "Another title"
    assert len(stored.turns) == 1


def test_a_turn_takes_the_place_of_itself_and_of_those_after_it(sessions: Sessions) -> None:
    save(sessions, "a")
    for position in range(3):
        sessions.save_turn("a", position, StoredTurn(f"Q{position}", "", {}))
    sessions.save_turn("a", 1, StoredTurn("Q1 again", "", {}))
    stored = sessions.load("a")
    assert stored is not None
    assert [turn.question for turn in stored.turns] == ["Q0", "Q1 again"]
    sessions.forget_turns("a", 0)
    assert sessions.load("a").turns == []


def test_deleting_a_chat_deletes_its_turns(sessions: Sessions, tmp_path: Path) -> None:
    save(sessions, "a")
    sessions.save_turn("a", 0, StoredTurn("Q", "A", {}))
    assert sessions.delete("a")
    assert not sessions.delete("a")
    assert sessions.load("a") is None
    with sqlite3.connect(tmp_path / "folder" / "chats.sqlite3") as connection:
        assert connection.execute("SELECT COUNT(*) FROM turns").fetchone() == (0,)
    connection.close()


def test_the_last_used_chat_is_listed_first(sessions: Sessions) -> None:
    save(sessions, "a", "First", ("one.pdf", "two.pdf"))
    save(sessions, "b", "Second")
    assert [chat.id for chat in sessions.list_chats()] == ["b", "a"]
    sessions.save_turn("a", 0, StoredTurn("Q", "A", {}))
    first, _ = sessions.list_chats()
    assert (first.id, first.turn_count, first.document_names) == ("a", 1, ("one.pdf", "two.pdf"))
    save(sessions, "b", "Second, looked at again")
    assert [chat.id for chat in sessions.list_chats()] == ["a", "b"]


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
    sessions: Sessions, search: str, found: set[str]
) -> None:
    save(sessions, "a", "Pumps", ("manual.pdf",))
    save(sessions, "b", "Other", ("thesis.pdf",))
    sessions.save_turn("b", 0, StoredTurn("Which valve is 100% open?", "Number seventy.", {}))
    assert {chat.id for chat in sessions.list_chats(search)} == found


def test_a_given_title_is_known_as_given(sessions: Sessions) -> None:
    save(sessions, "a")
    assert sessions.rename("a", "Mine")
    assert not sessions.rename("b", "Nobody's")
    stored = sessions.load("a")
    assert stored is not None
    assert (stored.title, stored.named) == ("Mine", True)


def test_rates_are_kept_by_name(sessions: Sessions) -> None:
    assert sessions.reading_rate("tiny ahn") is None
    sessions.save_reading_rate("tiny ahn", 10.0)
    sessions.save_reading_rate("tiny ahn", 12.5)
    assert sessions.reading_rate("tiny ahn") == 12.5


def test_many_threads_write_at_once(sessions: Sessions) -> None:
    def work(name: str) -> None:
        save(sessions, name)
        for position in range(10):
            sessions.save_turn(name, position, StoredTurn("Q", "A", {}))

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [chat.turn_count for chat in sessions.list_chats()] == [10] * 5


def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite3"
    path.write_bytes(b"not a database, but long enough to be looked at" * 40)
    with pytest.raises(SessionsError, match="cannot be read or written"):
        Sessions(path)
