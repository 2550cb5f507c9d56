"""Chats over a store that changes under them: deleted documents, better texts, rows of other versions."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from app.conversation import ChatBusyError, ChatError, ChatSettings, UnreadableChatError
from app.conversation.events import ReadPhase, TurnState
from app.conversation.pages import Segment
from app.conversation.records import turn_from_record
from app.conversation.snapshots import describe
from app.documents import Extracted
from app.store import StoredTurn, UnknownDocument
from tests.app.chatting import SETTINGS, Gate, World, finish, pages, rest
from tests.app.store.support import old_data_folder

OTHER = pages(8, seed=5)


def change(world: World, statement: str, *values: object) -> None:
    with world.engine.store.database.writing() as connection:
        connection.execute(statement, values)


def text_again(world: World, document_id: str, texts: tuple[str, ...]) -> None:
    """Take the text out again, with another result."""
    document = world.library.get(document_id)
    world.library.replace(document_id, Extracted.of_texts(document.name, "txt", document.sha256, texts))


# Better texts


def test_a_chat_keeps_its_text_until_it_takes_the_newer_one(world: World) -> None:
    document = world.document()
    chat = world.chat(document)
    finish(chat.ask("Why?"))
    assert chat.newer_texts() == []
    text_again(world, document, OTHER)
    world.restart()
    back = world.engine.chat(chat.id)
    world.counting.fed.clear()
    rest(back)
    finish(back.ask("How?"))
    assert world.counting.tokens_fed() < 300, "its reading is still good"
    assert back.newer_texts() == [document]
    fresh = world.chat(document)
    expected = finish(fresh.ask("Why?")).answer
    back.take_newer_text(document)
    rest(back)
    assert back.newer_texts() == []
    assert back.documents[0].tokens_total == fresh.documents[0].tokens_total
    back.clear()
    assert finish(back.ask("Why?")).answer == expected
    assert world.library.get(document).revision == 2
    with pytest.raises(UnknownDocument):
        world.library.pages(document, 1)


def test_the_first_text_is_known_by_the_document_alone() -> None:
    closed, last = Segment("a", 0, 5, 0, 5), Segment("b", 0, None, 5, 9, revision=3)
    assert describe([closed, last]) == [["a", 0, 5], ["b@3", 0, None]]


def test_a_reading_of_another_text_is_not_used(world: World) -> None:
    document = world.document()
    world.chat(document)
    assert world.engine.kept_tokens([document], SETTINGS) > 0
    text_again(world, document, OTHER)
    assert world.engine.kept_tokens([document], SETTINGS) == 0


# Deleted documents


def test_deleting_a_document_takes_its_readings_and_leaves_the_transcript(world: World) -> None:
    gone, kept = world.document(), world.document("other.txt", OTHER)
    chat = world.chat(gone, kept)
    finish(chat.ask("Why?"))
    usage = world.engine.delete_document(gone)
    assert usage.nbytes["readings"] > 0 and usage.chats == ((chat.id, chat.title),)
    rest(chat)
    first, second = chat.documents
    assert (first.phase, second.phase) == (ReadPhase.FAILED, ReadPhase.DONE)
    assert "add the file again" in first.message
    assert [turn.question for turn in chat.turns] == ["Why?"]
    readings = [path.read_text() for path in (world.folder / "snapshots").glob("*.json")]
    assert not any(gone in text for text in readings)
    with pytest.raises(ChatError, match="no document"):
        world.engine.new_chat(SETTINGS).add_document(gone)


def test_a_document_deleted_while_it_is_read_leaves_no_reading(world: World) -> None:
    document = world.document(texts=pages(14))
    gate = Gate(world, after_chunks=2)
    chat = world.engine.new_chat(SETTINGS)
    chat.add_document(document)
    assert gate.reached.wait(20)
    world.library.delete(document)  # as another process does, which knows nothing of the chat
    gate.open()
    rest(chat)
    world.engine.close_chat(chat.id)
    chat.join(20)
    assert list((world.folder / "snapshots").iterdir()) == []


def test_a_document_is_not_deleted_under_an_answer(world: World) -> None:
    document = world.document()
    chat = world.chat(document)
    go_on = threading.Event()

    def before(ids: list[int]) -> None:
        assert go_on.wait(20), "the test ended before the answer"

    world.counting.before = before
    events = chat.ask("Why?")
    with pytest.raises(ChatBusyError, match="so it was not deleted; wait for the answer"):
        world.engine.delete_document(document)
    go_on.set()
    finish(events)
    chat.join(20)
    world.engine.delete_document(document)
    assert not world.library.has(document)


# Rows of other versions, and damaged ones


def stored_turn(**changes: Any) -> StoredTurn:
    details = {
        "state": "done", "message": "", "pieces": [["Because.", 0.25]], "figures": None, "token_ids": [1, 2],
        "tokenizer": "mine",
    }  # fmt: skip
    return StoredTurn("Why?", "Because.", {**details, **changes})


def test_a_turn_with_fields_of_a_later_version_is_whole() -> None:
    past = turn_from_record(stored_turn(sources=["page 7"], state="done"), "mine")
    assert (past.turn.state, past.token_ids) == (TurnState.DONE, (1, 2))
    assert past.turn.pieces[0].memory_share == 0.25


def test_figures_that_are_not_all_there_are_left_out(world: World) -> None:
    chat = world.engine.new_chat(SETTINGS)
    turn = finish(chat.ask("Why?"))
    stored = world.engine.store.chats.load(chat.id)
    assert stored is not None
    figures = stored.turns[0].details["figures"]
    more = turn_from_record(stored_turn(figures={**figures, "new_figure": 3}), "mine")
    assert more.turn.figures == turn.figures
    for harmed in ({"reason": "end"}, {**figures, "prompt_tokens": "many"}, 5, []):
        past = turn_from_record(stored_turn(figures=harmed), "mine")
        assert past.turn.figures is None and past.turn.state is TurnState.DONE


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "pondering"},
        {"pieces": 5},
        {"pieces": [["a"]]},
        {"pieces": [[1, "b"]]},
        {"token_ids": ["x"]},
        {"message": 5},
    ],
)
def test_a_turn_that_cannot_be_read_keeps_its_words_and_says_so(changes: dict[str, Any]) -> None:
    past = turn_from_record(stored_turn(**changes), "mine")
    assert (past.turn.question, past.turn.answer, past.token_ids) == ("Why?", "Because.", None)
    assert "cannot be read any more" in past.turn.message


def test_a_chat_goes_on_after_a_turn_that_cannot_be_read(world: World) -> None:
    chat = world.chat(world.document())
    for question in ("Why?", "How?"):
        finish(chat.ask(question))
    world.engine.close_chat(chat.id)
    change(world, "UPDATE turns SET details = 'nonsense' WHERE id = 1")
    back = world.engine.chat(chat.id)
    assert [turn.state for turn in back.turns] == [TurnState.FAILED, TurnState.DONE]
    assert finish(back.ask("When?")).answer


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("settings", "nonsense"),
        ("settings", "{}"),
        ("settings", json.dumps({**SETTINGS.to_json(), "memory": "dreams"})),
        ("settings", json.dumps({**SETTINGS.to_json(), "sliding_window": "wide"})),
        ("settings", json.dumps({**SETTINGS.to_json(), "sampling": {"temperature": 99}})),
        ("documents", '[{"id": "a", "name": "b"}]'),
        ("documents", '[{"id": "a", "name": "b", "page_count": "many"}]'),
        ("documents", '[{"id": "a", "name": "b", "page_count": 3, "runs": [[0, "x", null]]}]'),
        ("version", "99"),
    ],
)
def test_a_chat_that_cannot_be_opened_says_so_and_costs_itself_alone(
    world: World, column: str, value: str
) -> None:
    whole, harmed = world.engine.new_chat(SETTINGS), world.engine.new_chat(SETTINGS)
    for chat in (whole, harmed):
        finish(chat.ask("Why?"))
        world.engine.close_chat(chat.id)
        chat.join(20)
    change(world, f"UPDATE chats SET {column} = ? WHERE id = ?", value, harmed.id)
    listed = {entry.id: entry.unreadable for entry in world.engine.list_chats()}
    assert listed[whole.id] == "" and listed[harmed.id]
    with pytest.raises(UnreadableChatError, match="cannot be opened .* left as it is"):
        world.engine.chat(harmed.id)
    assert world.engine.chat(whole.id).turns
    raw = world.engine.store.chats.raw(harmed.id)
    assert raw is not None and str(raw[column]) == value
    world.engine.delete_chat(harmed.id)


def test_settings_of_other_versions_are_understood() -> None:
    values = SETTINGS.to_json()
    assert ChatSettings.from_json({**values, "invented": 1}) == SETTINGS
    sampling = {name: value for name, value in values["sampling"].items() if name != "min_p"}
    assert ChatSettings.from_json({**values, "sampling": {**sampling, "invented": 1}}) == SETTINGS
    del values["sampling"], values["max_new_tokens"]
    assert ChatSettings.from_json(values).max_new_tokens == ChatSettings().max_new_tokens
    with pytest.raises(ValueError, match="have no memory"):
        ChatSettings.from_json({"attention_sinks": 4, "sliding_window": 20, "system_prompt": ""})


# Permissions


@pytest.mark.skipif(os.name != "posix", reason="no such permissions here")
def test_what_is_kept_of_a_chat_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        world = World(tmp_path / "data")
        chat = world.chat(world.document())
        for question in ("Why?", "How?", "When?", "Where?"):
            finish(chat.ask(question))
        kept = {
            path: (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
            for path in (world.folder, *world.folder.rglob("*"))
        }
        world.close()
    finally:
        os.umask(before)
    names = {path.parent.name for path in kept if path.suffix == ".safetensors"}
    assert names == {"snapshots", chat.id}, "readings, and copies before the questions"
    open_to_others = {
        str(path): oct(mode) for path, (folder, mode) in kept.items() if mode != (0o700 if folder else 0o600)
    }
    assert open_to_others == {}


# A data folder of an earlier version


def test_a_chat_of_an_earlier_version_opens_and_goes_on(tmp_path: Path) -> None:
    texts = pages(8)
    sha256 = hashlib.sha256(repr(("manual.txt", texts)).encode()).hexdigest()
    document = {
        "id": sha256[:32], "name": "manual.txt", "page_count": 8, "pages_without_text": [], "tokens": 2400,
        "paused": False, "runs": [[0, 0, None]],
    }  # fmt: skip
    turns = [
        ("Why?", "Because.", {**stored_turn().details, "token_ids": [66, 101, 99], "tokenizer": "another"})
    ]
    chat = {"title": "Pumps", "settings": SETTINGS.to_json(), "documents": [document], "turns": turns}
    old_data_folder(tmp_path, {"manual.txt": texts}, old=chat)
    world = World(tmp_path)
    try:
        (listed,) = world.engine.list_chats()
        assert (listed.id, listed.title, listed.turn_count, listed.unreadable) == ("old", "Pumps", 1, "")
        opened = world.engine.chat("old")
        rest(opened)
        assert opened.documents[0].phase is ReadPhase.PAUSED, "another tokenizer's model has read it"
        opened.resume_reading(document["id"])
        rest(opened)
        assert opened.documents[0].phase is ReadPhase.DONE
        assert (opened.turns[0].answer, opened.settings, opened.title) == ("Because.", SETTINGS, "Pumps")
        assert finish(opened.ask("How?")).answer
        world.restart()
        assert [turn.question for turn in world.engine.chat("old").turns] == ["Why?", "How?"]
    finally:
        world.close()
