"""Chats that are not stored, completions of a plain text, and what an answer may be asked to tell beside its words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from app.conversation import ChatError, ChatSettings, SettingsError
from app.conversation.events import AnswerToken, CompletionFinished, PromptRead
from tests.app.chatting import SETTINGS, Gate, World, finish, pages, rest, start_answer, wait_until


def test_a_passing_chat_answers_and_leaves_nothing(world: World) -> None:
    document_id = world.document()
    chat = world.engine.passing_chat(SETTINGS)
    chat.add_document(document_id)
    rest(chat)
    turn = finish(chat.ask("Why?"))
    assert turn.answer and chat.turns == [turn]
    assert world.engine.list_chats() == []
    assert world.library.usage(document_id).chats == ()
    world.engine.delete_chat(chat.id)
    assert world.engine.list_chats() == []


def test_turns_that_were_held_elsewhere_are_read_before_the_question(world: World) -> None:
    own = world.chat(world.document())
    first = finish(own.ask("Why?"))
    second = finish(own.ask("How?"))
    taken = world.engine.passing_chat(SETTINGS, [("Why?", first.answer)])
    taken.add_document(world.document())
    rest(taken)
    assert [(turn.question, turn.answer) for turn in taken.turns] == [("Why?", first.answer)]
    # The answer's text is encoded again, which gives other tokens where the model wrote half characters.
    assert finish(taken.ask("How?")).figures.sequence_length == pytest.approx(
        second.figures.sequence_length, abs=40
    )


def test_strings_end_an_answer_and_do_not_show(world: World) -> None:
    chat = world.chat(world.document())
    whole = finish(chat.ask("Why?")).answer
    ending = whole[4:6]
    chat.update_settings(replace(SETTINGS, stop=(ending,)))
    turn = finish(chat.regenerate())
    assert turn.answer == whole[: whole.index(ending)]
    assert turn.figures.reason == "stop"


def test_each_token_tells_how_likely_it_was(world: World) -> None:
    chat = world.chat(world.document())
    chat.update_settings(replace(SETTINGS, top_logprobs=3))
    tokens = [event for event in chat.ask("Why?") if isinstance(event, AnswerToken)]
    for token in tokens:
        told = token.logprobs
        assert told is not None and len(told.top) == 3
        assert [value for _, value in told.top] == sorted((value for _, value in told.top), reverse=True)
        assert told.logprob <= told.top[0][1] <= 0 < sum(math.exp(value) for _, value in told.top) <= 1
    assert tokens, "an answer has tokens"


def test_settings_with_these_come_back_from_json() -> None:
    settings = ChatSettings(stop=("\n", "End"), top_logprobs=2)
    assert ChatSettings.from_json({**settings.to_json(), "stop": ["\n", "End"]}) == settings
    with pytest.raises(SettingsError):
        ChatSettings(stop=[1])  # type: ignore[arg-type]
    with pytest.raises(SettingsError):
        ChatSettings(top_logprobs=-1)


def test_a_completion_goes_on_with_the_very_tokens(world: World) -> None:
    settings = replace(SETTINGS, memory="full", max_new_tokens=6)
    prompt = "The pump must not be opened. " * 12  # more than one chunk
    events = list(world.engine.complete(prompt, settings))
    finished = events[-1]
    assert isinstance(finished, CompletionFinished)
    ids = world.tokenizer.encode(prompt)
    assert (finished.prompt_tokens, finished.generated_tokens, finished.reason) == (len(ids), 6, "length")
    assert [event.tokens_done for event in events if isinstance(event, PromptRead)][-1] == len(ids)
    wanted = list(ids)
    for _ in range(6):  # the slow, obvious way; the settings' penalty looks at what was generated
        logits = world.counting.model(torch.tensor([wanted])).logits[0, -1].float()
        for token in set(wanted[len(ids) :]):
            penalty = settings.sampling.repetition_penalty
            logits[token] = logits[token] / penalty if logits[token] > 0 else logits[token] * penalty
        wanted.append(int(logits.argmax()))
    assert finished.text == world.tokenizer.decode(wanted[len(ids) :], skip_special_tokens=True)
    assert list(world.engine.complete(ids, settings))[-1] == finished


def test_a_completion_that_cannot_be_held_is_a_sentence(world: World) -> None:
    for prompt, settings in (
        ("", SETTINGS),
        ([5, 999], SETTINGS),
        ("x" * 600, replace(SETTINGS, memory="full")),
    ):
        with pytest.raises(ChatError):
            world.engine.complete(prompt, settings)


def test_a_completion_waits_for_the_device_and_can_be_stopped(world: World) -> None:
    chat = world.engine.passing_chat(replace(SETTINGS, max_new_tokens=100_000))
    with start_answer(chat) as answer:
        stream = world.engine.complete("Go on", SETTINGS)
        next(stream)  # it waits
        stream.stop()
        assert list(stream)[-1] == CompletionFinished("", "cancelled", 0, 0)
        answer.stop()
    wait_until(lambda: not chat.answering)


def test_the_longest_question_is_the_one_that_is_taken(world: World) -> None:
    limit = world.engine.longest_question(SETTINGS)
    chat = world.engine.passing_chat(SETTINGS)
    assert world.engine.count_tokens("x" * limit) == limit
    with pytest.raises(ChatError):
        chat.ask("x" * (limit + 1))
    finish(chat.ask("x" * limit))


def test_what_a_deleted_passing_chat_read_is_kept(world: World) -> None:
    """A document of a passing chat is read on by the next chat from where the first was deleted."""
    document_id = world.document(texts=pages(12, seed=3))
    gate = Gate(world, after_chunks=2)
    chat = world.engine.passing_chat(SETTINGS)
    chat.add_document(document_id)
    assert gate.reached.wait(20)
    world.engine.delete_chat(chat.id)
    gate.open()
    assert chat.join(20)
    assert world.engine.kept_tokens([document_id], SETTINGS) > 0
