"""Chats that were made with one model and are opened with another: their text is there, and nothing is read unasked."""

from __future__ import annotations

from app.conversation.events import ReadPhase, TurnState
from app.store import Store
from tests.app.chatting import World, finish, rest


def change_model(world: World, name: str) -> None:
    """What a start with another model is: the same files, weights that are another's."""
    from ahn_core import AHNForCausalLM

    model: AHNForCausalLM = world.counting.model
    model.name = name
    model.__dict__.pop("identity", None)
    world.restart()
    world.counting.fed.clear()


def test_an_answer_says_with_which_model_it_was_made(world: World) -> None:
    chat = world.chat()
    finish(chat.ask("Why?"))
    change_model(world, "second")
    back = world.engine.chat(chat.id)
    finish(back.ask("And now?"))
    assert [turn.model for turn in back.turns] == ["tiny", "second"]
    world.restart()
    assert [turn.model for turn in world.engine.chat(chat.id).turns] == ["tiny", "second"]


def test_documents_wait_until_the_new_model_is_asked_to_read_them(world: World) -> None:
    document = world.document()
    chat = world.chat(document)
    finish(chat.ask("Why?"))
    change_model(world, "second")
    back = world.engine.chat(chat.id)
    rest(back)
    (state,) = back.documents
    assert state.phase is ReadPhase.PAUSED and "tiny has read it" in state.message
    assert back.turns[0].answer == chat.turns[0].answer
    assert world.counting.tokens_fed() < 100, "nothing was read"
    assert finish(back.ask("What is said?")).state is TurnState.DONE

    back.resume_reading(document)
    rest(back)
    assert back.documents[0].phase is ReadPhase.DONE and back.documents[0].message == ""


def test_back_with_the_first_model_nothing_is_read_again(world: World) -> None:
    document = world.document()
    chat = world.chat(document)
    finish(chat.ask("Why?"))
    change_model(world, "second")
    finish(world.engine.chat(chat.id).ask("And now?"))
    change_model(world, "tiny")
    again = world.engine.chat(chat.id)
    rest(again)
    assert again.documents[0].phase is ReadPhase.DONE
    assert world.counting.tokens_fed() < 100


def test_a_reading_that_the_new_model_has_kept_comes_back_by_itself(world: World) -> None:
    document = world.document()
    chat = world.chat(document)
    finish(chat.ask("Why?"))
    change_model(world, "second")
    world.chat(document)  # another chat, over the same document
    change_model(world, "second")
    back = world.engine.chat(chat.id)
    rest(back)
    assert back.documents[0].phase is ReadPhase.DONE
    assert world.counting.tokens_fed() < 100


def test_a_chat_of_an_earlier_version_goes_by_its_tokenizer(world: World) -> None:
    """Neither the model nor the reader was noted then."""
    document = world.document()
    chat = world.chat(document)
    finish(chat.ask("Why?"))
    world.engine.close()
    with Store(world.folder) as store, store.database.writing() as connection:
        connection.execute("UPDATE chats SET documents = replace(documents, '\"model\"', '\"unknown\"')")
        connection.execute("UPDATE turns SET details = replace(details, '\"model\"', '\"unknown\"')")
    world.engine = world._engine()
    same = world.engine.chat(chat.id)
    rest(same)
    assert same.documents[0].phase is ReadPhase.DONE and same.turns[0].model == ""
    same_id = chat.id
    world.engine.close()
    with Store(world.folder) as store, store.database.writing() as connection:
        connection.execute("UPDATE chats SET documents = replace(documents, '\"model\"', '\"unknown\"')")
        connection.execute(
            'UPDATE turns SET details = replace(details, \'"tokenizer": "\', \'"tokenizer": "0\')'
        )
    world.engine = world._engine()
    for reading in (world.folder / "snapshots").glob("*"):
        reading.unlink()
    other = world.engine.chat(same_id)
    rest(other)
    assert other.documents[0].phase is ReadPhase.PAUSED and "another model" in other.documents[0].message
