"""Open conversations of the API, when another model takes the place of theirs."""

from __future__ import annotations

from pathlib import Path

from app.api.conversations import Conversations, Exchange
from tests.app.chatting import SETTINGS, Gate, World, rest


def test_an_answer_of_the_model_before_is_given_back_without_harm(world: World, tmp_path: Path) -> None:
    conversations, question = Conversations(1, 2**30), [Exchange("Why?", "Why?", ())]
    gate, document = Gate(world, after_chunks=1), world.document()
    before = conversations.take(world.engine, SETTINGS, [Exchange("Why?", "Why?", (document,))])
    assert gate.reached.wait(20) and before.chat.reading
    other = World(tmp_path / "other")
    try:
        after = conversations.take(other.engine, SETTINGS, question)
        conversations.give_back(world.engine, before, "Because.")
        assert conversations.figures()[0] == 1
        conversations.give_back(other.engine, after, "Because.")
        going_on = [Exchange("Why?", "Why?", (), "Because."), Exchange("How?", "How?", ())]
        assert conversations.take(other.engine, SETTINGS, going_on).chat is after.chat
    finally:
        gate.open()
        conversations.close()
        other.close()


def test_deleting_a_document_touches_no_conversation_of_the_model_before(
    world: World, tmp_path: Path
) -> None:
    conversations, document = Conversations(2, 2**30), world.document()
    lease = conversations.take(world.engine, SETTINGS, [Exchange("Why?", "Why?", (document,))])
    rest(lease.chat)
    conversations.give_back(world.engine, lease, "Because.")
    other = World(tmp_path / "other")
    try:
        conversations.let_go_of(other.engine, document)
        assert conversations.figures()[0] == 0
    finally:
        conversations.close()
        other.close()
