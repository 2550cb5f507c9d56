"""Questions and answers: asking early, stopping, answering again, several chats at once, coming back later."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ahn_core import SamplingSettings
from app.conversation import ChatBusyError, ChatError, ChatSettings, SettingsError
from app.conversation.events import (
    AnswerCancelled,
    AnswerFailed,
    AnswerFinished,
    AnswerStarted,
    AnswerToken,
    ReadPhase,
    TurnState,
    Waiting,
)
from tests.app.chatting import SETTINGS, Gate, World, finish, pages, rest, start_answer, wait_until

LONG = pages(14, seed=1)
ENDLESS = replace(SETTINGS, max_new_tokens=100_000)


def test_an_answer_streams_with_figures_that_add_up(world: World) -> None:
    chat = world.chat(world.document())
    read = chat.stats().seq_length
    events = list(chat.ask("  Why?  "))
    (started,) = [event for event in events if isinstance(event, AnswerStarted)]
    tokens = [event for event in events if isinstance(event, AnswerToken)]
    finished = events[-1]
    assert isinstance(finished, AnswerFinished)
    turn, figures = finished.turn, finished.turn.figures
    assert turn.question == "Why?"
    assert turn.answer == "".join(event.text for event in tokens) or turn.answer.startswith(
        "".join(t.text for t in tokens)
    )
    assert "".join(piece.text for piece in turn.pieces) == turn.answer
    assert [event.tokens for event in tokens] == list(range(1, len(tokens) + 1))
    assert (figures.reason, figures.generated_tokens) == ("length", 12)
    assert figures.tokens_read == figures.tokens_total == started.tokens_read
    assert (figures.pages_read, figures.pages_total, figures.read_all) == (8, 8, True)
    assert figures.sequence_length == read + figures.prompt_tokens + figures.generated_tokens
    assert chat.stats().seq_length == figures.sequence_length
    assert figures.cache_nbytes == chat.stats().nbytes
    assert figures.time_to_first_token > 0
    assert all(0 < piece.memory_share < 1 for piece in turn.pieces)
    assert chat.turns == [turn]
    assert not chat.answering


def test_the_next_question_continues_the_cache_and_reads_no_document(world: World) -> None:
    chat = world.chat(world.document())
    world.counting.fed.clear()
    for question in ("Why?", "How?", "When?"):
        finish(chat.ask(question))
    assert world.counting.tokens_fed() < 3 * (12 + 80)


def test_an_answer_that_ends_by_itself_is_continued_like_any_other(world: World) -> None:
    chat = world.chat(world.document())
    whole = finish(chat.ask("Why?"))
    ending = chat._state.past[0].token_ids[5]
    world.tokenizer.eos_token = world.tokenizer.convert_ids_to_tokens(ending)
    turn = finish(chat.regenerate())
    assert turn.figures.reason == "end"
    assert turn.figures.generated_tokens == len(chat._state.past[0].token_ids) <= 5
    assert whole.answer.startswith(turn.answer)
    following = finish(chat.ask("How?")).answer
    chat._state.caches.forget_from(0)
    assert finish(chat.regenerate()).answer == following  # fed again, the turn is the same


def test_a_chat_without_documents_works(world: World) -> None:
    chat = world.engine.new_chat(SETTINGS)
    assert chat.stats() is None
    turn = finish(chat.ask("Hello?"))
    assert turn.figures.generated_tokens == 12
    assert turn.figures.pages_total == 0
    assert chat.stats().seq_length == turn.figures.sequence_length
    assert chat.page_states() == []


@pytest.mark.parametrize("copies_are_lost", [False, True])
def test_regenerating_gives_the_same_text_and_feeds_no_document_token(
    world: World, copies_are_lost: bool
) -> None:
    chat = world.chat(world.document(texts=LONG))
    answers = [finish(chat.ask(f"Question {number}?")).answer for number in range(5)]
    for index in (4, 2, 0):  # the last copy is in memory, the one before question 2 on disk
        if copies_are_lost:
            chat._state.caches.forget_from(0)  # the turns are replayed
        world.counting.fed.clear()
        assert finish(chat.regenerate(index)).answer == answers[index]
        assert world.counting.tokens_fed() < (350 if copies_are_lost else 100)
        assert [turn.answer for turn in chat.turns] == answers[: index + 1]
    assert finish(chat.regenerate()).answer == answers[0]


def test_editing_asks_something_else_in_the_same_place(world: World) -> None:
    document = world.document()
    chat = world.chat(document)
    finish(chat.ask("First?"))
    finish(chat.ask("Second?"))
    finish(chat.ask("Third?"))
    world.counting.fed.clear()
    edited = finish(chat.edit(1, "Something else?"))
    assert world.counting.tokens_fed() < 100
    assert [turn.question for turn in chat.turns] == ["First?", "Something else?"]
    other = world.chat(document)
    finish(other.ask("First?"))
    assert finish(other.ask("Something else?")).answer == edited.answer


def test_copies_of_turns_lie_on_disk_and_go_with_the_chat(world: World, tmp_path: Path) -> None:
    chat = world.chat(world.document())
    for number in range(5):
        finish(chat.ask(f"Question {number}?"))
    (folder,) = (tmp_path / "turns").rglob(chat.id)  # in the folder of this process
    assert [path.name for path in folder.iterdir()] != []
    world.engine.delete_chat(chat.id)
    assert not folder.exists()


def test_an_early_question_is_answered_from_what_was_read_and_reading_goes_on(world: World) -> None:
    document = world.document(texts=LONG)
    expected = finish(world.chat(document).ask("Late?")).answer
    for path in (world.folder / "snapshots").iterdir():
        path.unlink()
    gate = Gate(world, after_chunks=4)
    chat = world.engine.new_chat(SETTINGS)
    chat.add_document(document)
    assert gate.reached.wait(10)
    events = chat.ask("Early?", now=True)
    gate.open()
    early = finish(events)
    assert 0 < early.figures.tokens_read < early.figures.tokens_total
    assert 0 < early.figures.pages_read < 14
    assert not early.figures.read_all
    rest(chat)
    assert chat.documents[0].phase is ReadPhase.DONE
    assert chat.stats().seq_length >= chat.documents[0].tokens_total  # the early answer's cache is gone
    # The early turn is fed again over the whole document, and the next question comes after it.
    world.counting.fed.clear()
    late = finish(chat.ask("Late?"))
    assert late.figures.read_all
    assert world.counting.tokens_fed() < 200
    assert [turn.question for turn in chat.turns] == ["Early?", "Late?"]
    # The early question has left no trace in the document's own cache.
    assert finish(chat.edit(0, "Late?")).answer == expected


def test_an_answer_comes_in_between_two_chunks_of_another_chats_reading(world: World) -> None:
    busy, idle = world.engine.new_chat(SETTINGS), world.chat(world.document("other.txt", pages(2)))
    world.slow_down(0.05)
    busy.add_document(world.document(texts=pages(30, seed=4)))
    wait_until(lambda: busy.documents[0].tokens_done > 0)
    finish(idle.ask("Why?"))
    assert busy.documents[0].phase is ReadPhase.READING
    assert 0 < busy.documents[0].tokens_done < busy.documents[0].tokens_total


def test_chats_at_once_answer_as_each_alone(world: World) -> None:
    documents = [world.document(f"{seed}.txt", pages(5, seed=seed)) for seed in range(3)]
    alone = []
    for document in documents:
        chat = world.chat(document)
        alone.append([finish(chat.ask(question)).answer for question in ("Why?", "How?")])
        world.engine.delete_chat(chat.id)
    for path in (world.folder / "snapshots").iterdir():
        path.unlink()
    together: list[list[str]] = [[], [], []]

    def work(number: int) -> None:
        chat = world.engine.new_chat(SETTINGS)
        chat.add_document(documents[number])
        for question in ("Why?", "How?"):
            together[number].append(finish(chat.ask(question)).answer)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert together == alone
    assert len({tuple(answers) for answers in alone}) == 3  # they could have been mixed up


def test_an_answer_waits_for_another_and_says_so(world: World) -> None:
    first, second = world.engine.new_chat(ENDLESS), world.engine.new_chat(SETTINGS)
    running = start_answer(first)
    events = second.ask("Why?")
    waiting = next(events)
    assert isinstance(waiting, Waiting)
    assert (waiting.place, waiting.reading) == (1, None)
    assert second.answering
    first.stop()
    assert finish(events).state is TurnState.DONE
    assert finish(running).state is TurnState.STOPPED


def test_stopping_keeps_what_was_written_and_the_chat_goes_on_from_it(world: World) -> None:
    chat = world.chat(world.document(), settings=ENDLESS)
    events = start_answer(chat)
    chat.stop()
    turn = finish(events)
    assert (turn.state, turn.figures.reason) == (TurnState.STOPPED, "cancelled")
    assert turn.figures.generated_tokens == len(turn.pieces) > 0
    assert chat.turns == [turn]
    chat.update_settings(SETTINGS)
    finish(chat.ask("And then?"))
    assert len(chat.turns) == 2


def test_dropping_the_events_stops_the_answer(world: World) -> None:
    chat = world.engine.new_chat(ENDLESS)
    events = start_answer(chat)
    del events
    gc.collect()
    wait_until(lambda: not chat.answering)
    assert chat.turns[0].state is TurnState.STOPPED


def test_stopping_while_waiting_gives_the_question_back(world: World) -> None:
    document = world.document()
    gate = Gate(world, after_chunks=1)
    chat = world.engine.new_chat(SETTINGS)
    chat.add_document(document)
    assert gate.reached.wait(10)
    events = chat.ask("Why?")
    assert isinstance(next(events), Waiting)
    assert [turn.question for turn in chat.turns] == ["Why?"]
    chat.stop()
    *_, last = events
    assert last == AnswerCancelled("Why?")
    assert chat.turns == []
    again = chat.ask("Why?", now=True)  # the chat takes the next question by the time the last event is there
    gate.open()
    finish(again)


def test_a_failed_or_cancelled_regeneration_loses_nothing(world: World) -> None:
    chat = world.chat(world.document())
    before = [finish(chat.ask(question)) for question in ("Why?", "How?")]

    def fail(ids: list[int]) -> None:
        raise RuntimeError("boom")

    world.counting.before = fail
    *_, last = chat.regenerate(0)
    assert isinstance(last, AnswerFailed)
    assert "boom" in last.message
    assert chat.turns == before
    world.counting.before = lambda ids: None
    world.restart()
    chat = world.engine.chat(chat.id)
    assert [turn.answer for turn in chat.turns] == [turn.answer for turn in before]
    assert finish(chat.regenerate(0)).answer == before[0].answer


def test_an_error_in_the_middle_keeps_what_was_written(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    chat = world.chat(world.document())
    decoded = iter(range(100))

    def fail(ids: list[int]) -> None:
        if len(ids) == 1 and next(decoded) == 4:
            raise RuntimeError("boom")

    world.counting.before = fail
    *_, last = chat.ask("Why?")
    assert isinstance(last, AnswerFailed)
    assert "Traceback" in caplog.text
    (turn,) = chat.turns
    assert (turn.state, len(turn.pieces)) == (TurnState.FAILED, 5)
    world.counting.before = lambda ids: None
    finish(chat.ask("How?"))
    assert len(chat.turns) == 2


def test_taking_a_turn_back_goes_on_from_the_copy_before_it(world: World) -> None:
    chat = world.chat(world.document(texts=LONG))
    first, second, _ = (finish(chat.ask(f"Question {number}?")).answer for number in range(3))
    assert chat.undo() == "Question 2?"
    assert chat.undo(1) == "Question 1?"
    assert [turn.answer for turn in chat.turns] == [first]
    world.counting.fed.clear()
    assert finish(chat.ask("Question 1?")).answer == second
    assert world.counting.tokens_fed() < 100, "neither the document nor the first turn is read again"
    chat.undo(0)
    assert chat.turns == []
    with pytest.raises(ChatError, match="no turn -1 in this chat of 0"):
        chat.undo()
    world.restart()
    assert world.engine.chat(chat.id).turns == []


def test_nothing_is_taken_back_while_an_answer_is_written(world: World) -> None:
    chat = world.engine.new_chat(ENDLESS)
    events = start_answer(chat)
    with pytest.raises(ChatBusyError):
        chat.undo()
    chat.stop()
    list(events)
    assert chat.undo() == "Why?"


def test_clearing_forgets_the_turns_and_keeps_the_documents(world: World) -> None:
    chat = world.chat(world.document())
    first = finish(chat.ask("Why?")).answer
    finish(chat.ask("How?"))
    chat.clear()
    assert chat.turns == []
    world.counting.fed.clear()
    assert finish(chat.ask("Why?")).answer == first
    assert world.counting.tokens_fed() < 100
    world.restart()
    assert len(world.engine.chat(chat.id).turns) == 1


def test_sampling_changes_at_once_and_the_window_asks_for_a_new_reading(world: World) -> None:
    chat = world.chat(world.document())
    finish(chat.ask("Why?"))
    sampling = replace(SETTINGS, sampling=SamplingSettings(temperature=1.0, seed=3), max_new_tokens=5)
    assert chat.preview_settings(sampling).tokens == 0
    world.counting.fed.clear()
    chat.update_settings(sampling)
    assert finish(chat.ask("How?")).figures.generated_tokens == 5
    assert world.counting.tokens_fed() < 100
    wider = replace(SETTINGS, sliding_window=256)
    estimate = chat.preview_settings(wider)
    assert estimate.tokens == chat.documents[0].tokens_total
    assert estimate.seconds > 0
    assert estimate.cache_nbytes == world.engine.model.cache_nbytes("ahn", 16, 256, 0)
    chat.update_settings(wider)
    rest(chat)
    assert chat.preview_settings(SETTINGS).tokens == 0  # that reading is kept
    assert world.counting.tokens_fed() > estimate.tokens
    assert chat.stats().window_tokens == 256
    assert len(chat.turns) == 2
    finish(chat.ask("And now?"))


def test_the_same_seed_draws_the_same_answer(world: World) -> None:
    chat = world.chat(world.document(), settings=replace(SETTINGS, sampling=SamplingSettings(1.0, seed=5)))
    first = finish(chat.ask("Why?")).answer
    assert finish(chat.regenerate()).answer == first


def test_a_document_added_later_goes_before_the_turns(world: World) -> None:
    first, second = world.document(), world.document("other.txt", pages(3, seed=9))
    chat = world.chat(first)
    finish(chat.ask("Why?"))
    chat.add_document(second)
    rest(chat)
    turn = finish(chat.ask("How?"))
    assert turn.figures.tokens_read == sum(state.tokens_total for state in chat.documents)
    world.counting.fed.clear()
    assert finish(chat.regenerate()).answer == turn.answer
    assert world.counting.tokens_fed() < 100


def test_requests_that_cannot_be_served_are_one_sentence_and_change_nothing(world: World) -> None:
    chat = world.engine.new_chat(SETTINGS)
    with pytest.raises(ChatError, match="question is empty"):
        chat.ask(" \n ")
    with pytest.raises(ChatError, match=r"question has [\d,]+ tokens, more than the 192"):
        chat.ask("why " * 100)
    with pytest.raises(ChatError, match="no turn -1"):
        chat.regenerate()
    with pytest.raises(ChatError, match="no turn 3"):
        chat.edit(3, "Why?")
    assert chat.turns == []
    assert not chat.answering
    chat.update_settings(ENDLESS)
    events = start_answer(chat)
    requests = (
        lambda: chat.ask("Why?"),
        chat.regenerate,
        chat.clear,
        lambda: chat.update_settings(replace(SETTINGS, sliding_window=99)),
    )
    for busy in requests:
        with pytest.raises(ChatBusyError):
            busy()
    chat.stop()
    finish(events)


def test_full_attention_ends_where_the_model_does(world: World) -> None:
    chat = world.chat(world.document("short.txt", pages(1)), settings=replace(ENDLESS, memory="full"))
    turn = finish(chat.ask("Why?"))
    assert (turn.figures.reason, turn.figures.sequence_length) == ("length", 512)
    *_, last = chat.ask("And then?")
    assert isinstance(last, AnswerFailed)
    assert "512" in last.message
    assert chat.turns == [turn]


@pytest.mark.parametrize(
    "values",
    [
        {"attention_sinks": -1},
        {"sliding_window": 0},
        {"sliding_window": 2.5},
        {"max_new_tokens": 0},
        {"memory": "infinite"},
    ],
)
def test_settings_out_of_range_are_refused(values: dict) -> None:
    with pytest.raises(SettingsError):
        ChatSettings(**values)


def test_sinks_and_window_over_the_trained_length_are_refused(world: World) -> None:
    with pytest.raises(SettingsError, match="at most 500"):
        world.engine.new_chat(ChatSettings(attention_sinks=12, sliding_window=960))
    chat = world.engine.new_chat(SETTINGS)
    with pytest.raises(SettingsError):
        chat.update_settings(ChatSettings(attention_sinks=12, sliding_window=960))
    assert chat.settings == SETTINGS


def test_a_chat_of_a_longer_model_opens_with_a_window_that_fits(world: World) -> None:
    assert SETTINGS.fitted(512) is SETTINGS
    longer = ChatSettings(attention_sinks=128, sliding_window=32_640)
    fitted = longer.fitted(512)
    assert (fitted.attention_sinks, fitted.sliding_window) == (128, 384)
    fitted.check_fits(512)
    assert replace(longer, attention_sinks=600).fitted(512).sliding_window == 256


def test_layers_are_shown_without_waiting_for_the_device(world: World) -> None:
    chat = world.chat(world.document())
    assert len(chat.stats(per_layer=True).layers) == 2
    assert chat.stats().layers == ()
    gate = Gate(world, after_chunks=0)
    other = world.engine.new_chat(SETTINGS)
    other.add_document(world.document("other.txt", LONG))
    assert gate.reached.wait(10)
    assert len(chat.stats(per_layer=True).layers) == 2  # the last ones
    gate.open()


def test_a_new_chat_starts_with_what_suits_the_model(world: World) -> None:
    """The tiny model has the paper's sinks and as much of the paper's window as its 512 positions allow."""
    settings = world.engine.new_chat().settings
    limit = world.engine.model.config.max_position_embeddings
    assert settings.attention_sinks == 128
    assert settings.sliding_window == limit - 128


def test_a_turn_of_the_app_itself_is_kept_and_fed_to_no_model(world: World) -> None:
    document = world.document()
    chat = world.chat(document)
    chat.tell("Which model are you?", "The tiny one.")
    first = finish(chat.ask("Why?"))
    chat.tell("Who are you?", "The tiny one, still.")
    second = finish(chat.ask("How?"))
    plain = world.chat(document)
    assert [finish(plain.ask(question)).answer for question in ("Why?", "How?")] == [
        first.answer,
        second.answer,
    ]
    told = [turn.question for turn in chat.turns if turn.state is TurnState.TOLD]
    assert told == ["Which model are you?", "Who are you?"] and chat.title == "Which model are you?"

    answered = finish(chat.regenerate(2))
    assert answered.state is TurnState.DONE and chat.versions[2].count == 2
    chat.tell("Are you ChatGPT?", "No.", 2)
    assert chat.turns[-1].answer == "No." and chat.versions[2].count == 3
    turns, chat_id = [(turn.question, turn.answer, turn.state) for turn in chat.turns], chat.id
    world.restart()
    again = world.engine.chat(chat_id).turns
    assert [(turn.question, turn.answer, turn.state) for turn in again] == turns
