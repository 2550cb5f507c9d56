"""Versions of turns: answering again and editing throw nothing away, and one path is shown, fed and stored."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from ahn_core import SamplingSettings
from app.conversation import Chat, ChatBusyError, ChatError
from app.conversation.events import TurnState
from app.conversation.versions import Node, TurnTree, Version
from tests.app.chatting import SETTINGS, World, finish, pages, start_answer

LONG = pages(14, seed=1)
DRAWN = replace(SETTINGS, sampling=SamplingSettings(temperature=1.0))  # each answer another one
ENDLESS = replace(SETTINGS, max_new_tokens=100_000)
LOOKING_UP = replace(SETTINGS, recall=True, sliding_window=400)


def answers(chat: Chat) -> list[str]:
    return [turn.answer for turn in chat.turns]


def numbers(chat: Chat) -> list[tuple[int, int]]:
    return [(place.number, place.count) for place in chat.versions]


def fed_text(world: World) -> str:
    """What the model was fed since `fed` was cleared; the tokenizer's tokens are bytes."""
    return world.tokenizer.decode([token for ids in world.counting.fed for token in ids])


def test_answering_again_keeps_the_old_answer_and_what_came_after_it(world: World) -> None:
    chat = world.chat(world.document(texts=LONG), settings=DRAWN)
    old = [finish(chat.ask(question)).answer for question in ("First?", "Second?", "Third?")]
    again = finish(chat.regenerate(1)).answer
    assert answers(chat) == [old[0], again] and again != old[1]
    assert numbers(chat) == [(1, 1), (2, 2)]
    third = finish(chat.regenerate(1)).answer
    assert numbers(chat) == [(1, 1), (3, 3)]
    chat.choose_version(1, 1)
    assert answers(chat) == old, "its later turns come with it"
    assert numbers(chat) == [(1, 1), (1, 3), (1, 1)]
    assert [place.following for place in chat.versions] == [4, 1, 0]
    world.restart()
    chat = world.engine.chat(chat.id)
    assert answers(chat) == old and numbers(chat) == [(1, 1), (1, 3), (1, 1)]
    chat.choose_version(1, 3)
    assert answers(chat) == [old[0], third]


@pytest.mark.parametrize("restarted", [False, True])
def test_another_version_goes_on_as_it_would_have_and_reads_no_document(
    world: World, restarted: bool
) -> None:
    document = world.document(texts=LONG)
    expected = world.chat(document)
    for question in ("First?", "Second?"):
        finish(expected.ask(question))
    following = finish(expected.ask("And then?")).answer

    chat = world.chat(document)
    finish(chat.ask("First?"))
    finish(chat.ask("Second?"))
    finish(chat.edit(0, "Something else?"))
    finish(chat.ask("More of that?"))
    chat.choose_version(0, 1)
    if restarted:
        world.restart()
        chat = world.engine.chat(chat.id)
    assert [turn.question for turn in chat.turns] == ["First?", "Second?"]
    world.counting.fed.clear()
    assert finish(chat.ask("And then?")).answer == following
    fed = fed_text(world)
    assert "And then?" in fed and (restarted or "Second?" in fed)
    assert "Something else?" not in fed and "More of that?" not in fed, "the shown path alone is fed"
    if not restarted:  # else the kept reading's last chunk may be read again
        assert world.counting.tokens_fed() < 300 < chat.documents[0].tokens_total


def test_an_edited_question_is_a_version_beside_the_old_one(world: World) -> None:
    chat = world.chat(world.document())
    first = finish(chat.ask("First?"))
    edited = finish(chat.edit(0, "Another?"))
    assert chat.turns == [edited] and numbers(chat) == [(2, 2)]
    chat.choose_version(0, 1)
    assert chat.turns == [first]
    finish(chat.edit(0, "A third?"))  # of the first version
    assert numbers(chat) == [(3, 3)]


def test_what_was_taken_back_can_be_shown_again(world: World) -> None:
    chat = world.chat(world.document())
    old = [finish(chat.ask(question)).answer for question in ("First?", "Second?", "Third?")]
    assert chat.undo(1) == "Second?"
    assert chat.versions[-1] == Version(0, 1, 2)
    assert world.engine.list_chats()[0].turn_count == 1
    world.restart()
    chat = world.engine.chat(chat.id)
    assert answers(chat) == old[:1]
    chat.choose_version(1, 1)
    assert answers(chat) == old and numbers(chat) == [(1, 1)] * 3
    chat.undo(0)
    assert chat.turns == [] and chat.versions == [Version(0, 1, 3)]
    finish(chat.ask("Fourth?"))
    assert numbers(chat) == [(2, 2)]


def test_a_version_is_deleted_with_what_follows_it_and_nothing_else(world: World) -> None:
    chat = world.chat(world.document(), settings=DRAWN)
    old = [finish(chat.ask(question)).answer for question in ("First?", "Second?", "Third?")]
    again = finish(chat.regenerate(1)).answer
    chat.choose_version(1, 1)
    assert chat.delete_turn(1) == 2, "it and the third turn"
    assert answers(chat) == [old[0], again] and numbers(chat) == [(1, 1), (1, 1)]
    world.restart()
    chat = world.engine.chat(chat.id)
    assert answers(chat) == [old[0], again]
    assert chat.delete_turn(0) == 2
    assert chat.turns == [] and chat.versions == []
    world.restart()
    assert world.engine.chat(chat.id).turns == []
    with world.engine.store.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM turns").fetchone() == (0,)


def test_clearing_deletes_every_version(world: World) -> None:
    chat = world.chat(world.document())
    finish(chat.ask("First?"))
    finish(chat.edit(0, "Another?"))
    chat.clear()
    assert chat.turns == [] and chat.versions == []
    with world.engine.store.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM turns").fetchone() == (0,)


def test_while_an_answer_is_written_versions_stay_as_they_are(world: World) -> None:
    chat = world.engine.new_chat(ENDLESS)
    events = start_answer(chat, "First?")
    chat.stop()
    list(events)
    events = chat.regenerate(0)
    next(events)
    assert numbers(chat) == [(2, 2)]
    for change in (lambda: chat.choose_version(0, 1), lambda: chat.delete_turn(0), chat.undo):
        with pytest.raises(ChatBusyError):
            change()
    chat.stop()
    list(events)


def test_a_version_that_is_not_there_is_one_sentence(world: World) -> None:
    chat = world.engine.new_chat(SETTINGS)
    finish(chat.ask("First?"))
    for index, number, words in ((0, 2, "no version 2"), (0, 0, "no version 0"), (1, 1, "no version 1")):
        with pytest.raises(ChatError, match=f"{words} .*nothing was changed; choose one it has"):
            chat.choose_version(index, number)
    with pytest.raises(ChatError, match="no turn 5 in this chat of 1"):
        chat.choose_version(5, 1)
    with pytest.raises(ChatError, match="no turn 1 in this chat of 1"):
        chat.delete_turn(1)
    assert numbers(chat) == [(1, 1)]


def test_an_answer_that_fails_or_is_stopped_early_leaves_the_version_that_was_shown(world: World) -> None:
    chat = world.chat(world.document())
    before = [finish(chat.ask(question)).answer for question in ("First?", "Second?")]

    def fail(ids: list[int]) -> None:
        raise RuntimeError("boom")

    world.counting.before = fail
    list(chat.regenerate(0))
    list(chat.edit(1, "Another?"))
    world.counting.before = lambda ids: None
    for _ in range(2):
        assert answers(chat) == before and numbers(chat) == [(1, 1), (1, 1)]
        world.restart()
        chat = world.engine.chat(chat.id)


def test_an_edited_question_outlives_a_kill_and_the_old_version_does_too(world: World) -> None:
    chat = world.engine.new_chat(SETTINGS)
    first = finish(chat.ask("First?")).answer
    reached, opened = threading.Event(), threading.Event()

    def wait(ids: list[int]) -> None:
        reached.set()
        assert opened.wait(20)

    world.counting.before = wait
    events = chat.edit(0, "A long question that took a while to type?")
    assert reached.wait(10)
    world.counting.before = lambda ids: None
    world.crash_and_start()
    back = world.engine.chat(chat.id)
    (turn,) = back.turns
    assert (turn.question, turn.state) == ("A long question that took a while to type?", TurnState.FAILED)
    back.choose_version(0, 1)
    assert answers(back) == [first]
    opened.set()
    list(events)
    world.crashed.close()


def test_what_was_looked_up_for_other_versions_is_not_fed(world: World) -> None:
    texts = ("The crane is painted yellow.", "The pump is painted green.", *pages(6))
    chat = world.chat(world.document(texts=texts), settings=LOOKING_UP)
    finish(chat.ask("What colour is the crane painted?"))
    edited = finish(chat.edit(0, "What colour is the pump painted?"))
    assert edited.passages and edited.found is not None
    world.counting.fed.clear()
    finish(chat.ask("And why?"))
    fed = fed_text(world)
    assert "And why?" in fed and "colour is the crane" not in fed


def test_two_viewers_of_a_chat_see_the_same_version(world: World) -> None:
    one = world.engine.new_chat(SETTINGS)
    finish(one.ask("First?"))
    finish(one.edit(0, "Another?"))
    other = world.engine.view_chat(one.id)
    other.choose_version(0, 1)
    assert one.turns == other.turns and one.turns[0].question == "First?"
    world.engine.leave_chat(other)


def test_a_tree_whose_rows_are_damaged_shows_all_it_has() -> None:
    tree: TurnTree[str] = TurnTree([Node(1, 0, "a"), Node(2, 1, "b"), Node(3, 1, "c"), Node(7, 5, "lost")])
    assert [node.kept for node in tree.path] == ["a", "c"], "of two that are shown the last"
    assert [node.kept for node in tree.children(0)] == ["a", "lost"]
    assert tree.next_id() == 8
