"""Questions that are not quite text, or too long; and that nothing computes any more once the engine is closed."""

from __future__ import annotations

import threading

import pytest

from app.conversation import ChatError
from app.conversation.question import clean_question, replaced_sentence, unreadable_characters
from tests.app.chatting import Gate, World, finish, pages


@pytest.mark.parametrize(
    ("question", "cleaned", "replaced"),
    [
        ("  Who is it?\n", "Who is it?", 0),
        ("bad\udcff\udcfe?", "bad\ufffd\ufffd?", 2),
        ("half \ud83d of an emoji", "half \ufffd of an emoji", 1),
        ("a whole \U0001f600", "a whole \U0001f600", 0),
        ("two\nlines\tand\0a\x07bell", "two\nlines\tandabell", 0),
    ],
)
def test_a_question_is_cleaned(question: str, cleaned: str, replaced: int) -> None:
    assert clean_question(question) == cleaned
    assert unreadable_characters(question) == replaced


def test_what_was_replaced_is_said() -> None:
    assert replaced_sentence(1).startswith("1 character was not readable")
    assert replaced_sentence(2).startswith("2 characters were not readable")


def test_a_question_with_half_a_character_is_asked_and_so_is_the_next(world: World) -> None:
    chat = world.chat(world.document())
    assert finish(chat.ask("what\udcff?")).question == "what\ufffd?"
    assert finish(chat.ask("and now?")).question == "and now?"
    world.restart()
    assert [turn.question for turn in world.engine.chat(chat.id).turns] == ["what\ufffd?", "and now?"]


def test_a_question_of_unreadable_blanks_is_empty(world: World) -> None:
    with pytest.raises(ChatError, match="The question is empty"):
        world.engine.new_chat().ask(" \0\x07 ")


@pytest.mark.parametrize("delete", [False, True])
def test_a_closed_engine_computes_nothing(world: World, delete: bool) -> None:
    """A thread in native code when the interpreter ends would abort the process."""
    gate = Gate(world, after_chunks=1)
    chat = world.engine.new_chat()
    chat.add_document(world.document(texts=pages(40)))
    assert gate.reached.wait(20)
    (world.engine.delete_chat if delete else world.engine.close_chat)(chat.id)
    closing = threading.Thread(target=world.engine.close)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive(), "the chat's reading is in the middle of a chunk"
    gate.open()
    closing.join(20)
    assert not closing.is_alive()
    assert not [thread for thread in threading.enumerate() if thread.name == "reader"]
    world.engine = world._engine()
