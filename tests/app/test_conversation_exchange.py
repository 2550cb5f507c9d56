"""Chats as files: exported with everything that belongs to them, imported again, refused in one sentence each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.conversation import Chat, UnknownChatError, UnreadableChatError
from app.conversation.events import ReadPhase
from app.conversation.exporting import export_all, export_chats
from app.conversation.importing import ImportRefused, import_chats
from app.conversation.markdown_export import markdown_of
from tests.app.chatting import SETTINGS, World, finish, rest

TEXTS = ("The harbour crane lifts 40 tonnes.", "The pump is painted green.", "It was built in 1843.")
LOOKING_UP = replace(SETTINGS, recall=True, sliding_window=400)


@pytest.fixture
def chat(world: World) -> Chat:
    """A chat with a quote, two versions of its second turn and a title of its own."""
    chat = world.chat(world.document("harbour <1>.txt", TEXTS), settings=LOOKING_UP)
    finish(chat.ask("How many tonnes does the harbour crane lift?"))
    finish(chat.ask("What __colour__ is <b>the pump</b>?"))
    finish(chat.edit(1, "When was it built?"))
    chat.rename("Cranes & *pumps*")
    world.engine.pin_chat(chat.id, True)
    world.restart()  # as it is stored: shares are rounded
    return world.engine.chat(chat.id)


def exported(world: World, chat: Chat) -> dict[str, Any]:
    return json.loads(export_chats(world.engine.store, [chat.id]).text())


def imported(world: World, values: object) -> Chat:
    result = import_chats(world.engine.store, json.dumps(values).encode())
    return world.engine.chat(result.chats[0][0])


def test_a_chat_comes_back_with_every_version_and_all_that_belongs_to_it(world: World, chat: Chat) -> None:
    values = exported(world, chat)
    back = imported(world, values)
    assert back.id != chat.id
    assert (back.title, back.settings) == (chat.title, chat.settings)
    assert back.turns == chat.turns, "quotes, citations, checks and figures too"
    assert back.turns[0].quotes and back.turns[0].figures is not None
    assert [(place.number, place.count) for place in back.versions] == [(1, 1), (2, 2)]
    back.choose_version(1, 1)
    chat.choose_version(1, 1)
    assert back.turns == chat.turns
    listed = {entry.id: entry for entry in world.engine.list_chats()}
    assert listed[back.id].pinned and int(listed[back.id].created_at) == int(listed[chat.id].created_at)
    rest(back)
    assert back.documents[0].phase is ReadPhase.DONE, "the document is in the library, so it is read"
    finish(back.ask("And then?"))


def test_the_file_names_documents_model_and_format(world: World, chat: Chat) -> None:
    values = exported(world, chat)
    (one,) = values["chats"]
    (document,) = world.library.list()
    assert (values["format"], values["version"]) == ("ahn-chat", 1)
    assert [(entry["name"], entry["sha256"]) for entry in one["documents"]] == [
        ("harbour <1>.txt", document.sha256)
    ]
    assert one["model"] == one["turns"][0]["model"] == world.engine.model.name != ""
    assert [turn["parent"] for turn in one["turns"]] == [0, 1, 1]
    assert [turn["shown"] for turn in one["turns"]] == [True, False, True]
    assert not {"token_ids", "tokenizer"} & set(one["turns"][0]), "of use on this computer alone"


def test_a_document_that_is_not_there_is_named_and_read_once_it_is(
    world: World, chat: Chat, tmp_path: Path
) -> None:
    values = exported(world, chat)
    other = World(tmp_path / "another computer")
    try:
        result = import_chats(other.engine.store, json.dumps(values).encode())
        assert result.missing == ("harbour <1>.txt",)
        assert "This document is not in the library: harbour <1>.txt; add it there" in result.sentence()
        back = other.engine.chat(result.chats[0][0])
        assert [turn.answer for turn in back.turns] == [turn.answer for turn in chat.turns]
        rest(back)
        assert back.documents[0].phase is ReadPhase.FAILED
        back.add_document(other.document("harbour <1>.txt", TEXTS))
        rest(back)
        assert back.documents[0].phase is ReadPhase.DONE
    finally:
        other.close()


def test_all_chats_go_into_one_file_and_what_cannot_be_read_is_named(world: World, chat: Chat) -> None:
    second, harmed = world.engine.new_chat(SETTINGS), world.engine.new_chat(SETTINGS)
    for one in (second, harmed):
        finish(one.ask("Why?"))
    with world.engine.store.database.writing() as connection:
        connection.execute("UPDATE chats SET settings = '{}' WHERE id = ?", (harmed.id,))
    export = export_all(world.engine.store)
    assert [one["title"] for one in export.values["chats"]] == [chat.title, "Why?"]
    assert [title for title, _ in export.left_out] == ["Why?"]
    with pytest.raises(UnreadableChatError, match="so it was not exported"):
        export_chats(world.engine.store, [harmed.id])
    with pytest.raises(UnknownChatError, match="nothing was exported"):
        export_chats(world.engine.store, ["nobody's"])
    result = import_chats(world.engine.store, export.text().encode())
    assert len(result.chats) == 2 and result.sentence() == "2 chats are imported."


def test_unknown_entries_are_left_aside_and_missing_ones_take_defaults(world: World, chat: Chat) -> None:
    values = exported(world, chat)
    (one,) = values["chats"]
    values["invented"] = one["invented"] = one["turns"][0]["invented"] = one["settings"]["invented"] = [1]
    assert imported(world, values).turns == chat.turns
    bare = {
        "format": "ahn-chat",
        "version": 1,
        "chats": [
            {
                "settings": SETTINGS.to_json(),
                "turns": [{"question": "Why?"}, {"question": "\ud800?", "answer": "So."}],
            }
        ],
    }
    back = imported(world, bare)
    assert [(turn.question, turn.answer) for turn in back.turns] == [("Why?", ""), ("\ufffd?", "So.")]
    assert back.title == "Why?"


def change(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """A change of one entry of the file; a path such as "chats.0.title", `...` takes the entry out."""

    def harm(values: Any) -> None:
        *above, last = (int(part) if part.isdecimal() else part for part in path.split("."))
        for part in above:
            values = values[part]
        if value is ...:
            del values[last]
        else:
            values[last] = value

    return harm


FAULTS: tuple[tuple[str, object, str], ...] = (
    ("format", "another", "no chats that AHN Chat has saved"),
    ("version", "one", "does not say its version as a number"),
    ("version", 2, "version 2 of the format, .* up to 1, .*update AHN Chat"),
    ("chats", {}, "no list of chats"),
    ("chats", [], "no chat in the file"),
    ("chats.0", 5, "Chat 1 cannot be imported .it is 5 and not an object"),
    ("chats.0.title", 5, "Chat 1 cannot be imported .its title is 5"),
    ("chats.0.settings", ..., "its settings: None is not an object"),
    ("chats.0.settings.memory", ..., "the settings have no memory"),
    ("chats.0.settings.sliding_window", -5, "“sliding window” is -5"),
    ("chats.0.settings.sampling.temperature", 99, "temperature is 99"),
    ("chats.0.documents.0.sha256", "abc", "abc and no SHA-256"),
    ("chats.0.documents.0.name", ..., "the name of a document is None"),
    ("chats.0.turns", 5, "its turns are 5 and not a list"),
    ("chats.0.turns.0.question", ..., "turn 1: the question is None"),
    ("chats.0.turns.0.state", "pondering", "turn 1: .*pondering"),
    ("chats.0.turns.0.pieces", 5, "turn 1: "),
    ("chats.0.turns.0.evidence.quotes", 5, "turn 1: quotes is 5"),
    ("chats.0.turns.1.id", 1, "two of its turns have the id 1"),
    ("chats.0.turns.1.parent", 9, "turn 2 comes after a turn 9 that is not before it"),
    ("chats.0.turns.0.parent", 3, "turn 1 comes after a turn 3"),
    ("chats.0.turns.1.shown", True, "two versions after its turn 1 are shown"),
    ("chats.0.created_at", "yesterday", "yesterday"),
)


def test_a_fault_is_one_sentence_and_nothing_is_imported(world: World, chat: Chat) -> None:
    whole = export_chats(world.engine.store, [chat.id, chat.id]).text()
    before = [entry.id for entry in world.engine.list_chats()]
    for path, value, words in FAULTS:
        values = json.loads(whole)
        change(path, value)(values)
        with pytest.raises(ImportRefused, match=words) as refused:
            import_chats(world.engine.store, json.dumps(values).encode())
        assert "so nothing was imported" in str(refused.value) and "\n" not in str(refused.value)
    assert [entry.id for entry in world.engine.list_chats()] == before


def test_what_is_no_such_file_is_refused(world: World) -> None:
    for data, words in (
        (b"\xff\xfe", "no text in UTF-8 .byte 0"),
        (b"", "no JSON, or not all of it .line 1, column 1"),
        (b'{"format": "ahn-chat", "vers', "no JSON, or not all of it"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"version": NaN}', "a number that cannot be read .NaN"),
        (b'{"version": ' + b"9" * 5000 + b"}", "a number that cannot be read"),
        (b"[]", "no chats that AHN Chat has saved"),
    ):
        with pytest.raises(ImportRefused, match=words) as refused:
            import_chats(world.engine.store, data)
        assert len(str(refused.value)) < 400


def test_markdown_shows_the_path_that_is_shown_with_what_it_rests_on(world: World, chat: Chat) -> None:
    text = markdown_of(world.engine.store, chat.id)
    (document,) = world.library.list()
    assert text.startswith("# Cranes \\& \\*pumps\\*\n")
    assert f"- harbour \\<1\\>.txt, 3 pages, SHA-256 `{document.sha256}`" in text
    assert "- Memory: AHN, 16 sinks, window of 400 tokens" in text
    assert "2 of 3 questions with their answers are shown" in text
    assert "> When was it built?" in text and "colour" not in text
    assert chat.turns[0].answer in text or chat.turns[0].citations
    assert "The harbour crane lifts 40 tonnes." in text and "harbour \\<1\\>.txt, p. 1" in text
    chat.choose_version(1, 1)
    assert "> What \\_\\_colour\\_\\_ is \\<b\\>the pump\\</b\\>?" in markdown_of(world.engine.store, chat.id)
