"""What the memory alone knows: the questions, and how both kinds of memory answer them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
import torch

from ahn_core.eval.losses import choice_probabilities
from app.conversation import ChatError
from app.conversation.cloze import Cloze, cloze_questions
from app.conversation.events import ClozeAnswered, ProbeEnded, ProbeEvent, ProbeStarted, Reading
from tests.app.chatting import SETTINGS, World
from tests.tiny import tiny_model

NAMES = (
    "Ashford",
    "Briggs",
    "Calder",
    "Denholm",
    "Ellery",
    "Farrow",
    "Grange",
    "Hatcher",
    "Ingram",
    "Jessop",
    "Kendall",
    "Lomax",
    "Marlow",
    "Norris",
)


def story(sentences: int, seed: int = 0) -> str:
    rng = random.Random(seed)
    return " ".join(
        f"In the year {rng.randrange(1500, 1900)} the old keeper, {rng.choice(NAMES)}, met with {rng.choice(NAMES)} at "
        f"the harbour wall of {rng.choice(NAMES)}."
        for _ in range(sentences)
    )


# ---- the questions


def test_questions_are_about_the_text_and_spread_over_it() -> None:
    text = story(60)
    questions = cloze_questions(text, 10, "seed")
    assert len(questions) == 10
    places = [text.index(f"{question.cue} {question.answer}") for question in questions]
    assert places == sorted(places)
    assert all(
        place * 10 // len(text) <= part <= (place + 200) * 10 // len(text)
        for part, place in enumerate(places)
    )


def test_the_wrong_words_are_of_the_same_kind_and_not_in_the_cue() -> None:
    for question in cloze_questions(story(60), 10, "seed"):
        assert len(set(question.choices)) == 4
        assert all(word[0].isdigit() == question.answer[0].isdigit() for word in question.others)
        assert not set(question.others) & set(question.cue.replace(",", "").split())


def test_questions_are_a_matter_of_the_seed() -> None:
    assert cloze_questions(story(60), 10, "a") == cloze_questions(story(60), 10, "a")
    assert cloze_questions(story(60), 10, "a") != cloze_questions(story(60), 10, "b")


def test_without_names_and_numbers_long_words_are_asked_for() -> None:
    words = ("pressure", "building", "mountain", "railway", "station", "harbour", "lighthouse", "morning")
    rng = random.Random(1)
    text = " ".join(f"so then the {rng.choice(words)} and a {rng.choice(words)} were seen" for _ in range(80))
    questions = cloze_questions(text, 10, "seed")
    assert len(questions) == 10
    assert all(len(question.answer) >= 7 for question in questions)


@pytest.mark.parametrize("text", ["", "too short a text", "the cat sat on the mat " * 40])
def test_a_text_without_such_words_gives_no_question(text: str) -> None:
    assert cloze_questions(text, 10, "seed") == []


def test_the_first_word_of_a_sentence_is_no_name() -> None:
    text = "The lamp was out. Nobody came that night to the door of the house on the hill by the sea. " * 20
    assert cloze_questions(text, 10, "seed") == []


# ---- asking


def told(
    events: Iterable[ProbeEvent],
) -> tuple[tuple[Cloze, ...], dict[str, list[ClozeAnswered]], ProbeEnded]:
    """The questions, the answers by kind, and the end."""
    questions: tuple[Cloze, ...] = ()
    answers: dict[str, list[ClozeAnswered]] = {}
    news = list(events)
    for event in news:
        if isinstance(event.event, ProbeStarted):
            questions = event.event.questions
        elif isinstance(event.event, ClozeAnswered):
            answers.setdefault(str(event.kind), []).append(event.event)
    assert isinstance(news[-1].event, ProbeEnded)
    return questions, answers, news[-1].event


def test_both_kinds_answer_ten_questions_about_what_has_left_the_window(world: World) -> None:
    texts = (story(14), "Only the window holds the name Quillfeather. " * 2)
    document = world.document(texts=texts)
    chat = world.chat(document)
    length = chat.stats().seq_length
    questions, answers, end = told(world.engine.probe([document], SETTINGS))
    assert end == ProbeEnded()
    assert all(question.answer in texts[0] and question.answer != "Quillfeather" for question in questions)
    assert {kind: [answer.index for answer in given] for kind, given in answers.items()} == {
        "ahn": list(range(len(questions))),
        "window": list(range(len(questions))),
    }
    for given in answers.values():
        assert all(sum(answer.probabilities) == pytest.approx(1.0) for answer in given)
    assert answers["ahn"] != answers["window"], "the tiny model's memory has random weights"
    assert chat.stats().seq_length == length


def test_a_choice_is_as_probable_as_its_tokens_are_on_the_mean() -> None:
    model = tiny_model()
    before, prompt, choices = list(range(90)), [5, 6, 7], [[1], [2, 3], [4, 5, 6], [200, 201]]
    cache = model.make_cache("ahn", attention_sinks=4, sliding_window=28)
    model(torch.tensor([before]), past_key_values=cache)
    got = choice_probabilities(model, cache, prompt, choices)
    scores = []
    for ids in choices:
        alone = model.make_cache("ahn", attention_sinks=4, sliding_window=28)
        with torch.no_grad():
            logits = model(torch.tensor([before + prompt + ids]), past_key_values=alone).logits[0]
        rows = logits[-len(ids) - 1 : -1].log_softmax(-1)
        scores.append(torch.stack([row[token] for row, token in zip(rows, ids, strict=True)]).mean())
    torch.testing.assert_close(torch.tensor(got), torch.stack(scores).softmax(0), rtol=1e-4, atol=1e-5)
    assert cache.get_seq_length() == len(before), "prompt and choices are taken out again"
    assert choice_probabilities(model, cache, prompt, choices) == got


def test_an_untrained_memory_answers_as_the_window(world: World) -> None:
    with torch.no_grad():
        for layer in world.counting.model.layers:
            layer.ahn.o_proj.weight.zero_()
    world.restart()
    _, answers, _ = told(world.engine.probe([world.document(texts=(story(14),))], SETTINGS))
    for ours, theirs in zip(answers["ahn"], answers["window"], strict=True):
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)


def test_the_chats_own_reading_is_used(world: World) -> None:
    document = world.document(texts=(story(14),))
    world.chat(document)
    before = world.counting.tokens_fed()
    events = list(world.engine.probe([document], SETTINGS))
    read_by = {event.kind for event in events if isinstance(event.event, Reading)}
    assert read_by == {"window"}
    assert world.counting.tokens_fed() > before


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (("A short note.",), "nothing has gone into the memory yet"),
        (("the cat sat on the mat " * 40,), "gives 0 of at least 4 questions"),
    ],
)
def test_what_cannot_be_asked_about_is_one_sentence(
    world: World, texts: tuple[str, ...], sentence: str
) -> None:
    questions, answers, end = told(world.engine.probe([world.document(texts=texts)], SETTINGS))
    assert sentence in end.message and not answers and not questions


def test_a_probe_can_be_stopped(world: World) -> None:
    stream = world.engine.probe([world.document(texts=(story(14),))], SETTINGS)
    events = []
    for event in stream:
        events.append(event)
        if isinstance(event.event, ClozeAnswered):
            stream.stop()
    assert events[-1].event == ProbeEnded(cancelled=True)


def test_without_a_document_there_is_nothing_to_ask(world: World) -> None:
    with pytest.raises(ChatError, match="no document"):
        world.engine.probe([], SETTINGS)
    with pytest.raises(ChatError):
        world.engine.probe(["unknown"], replace(SETTINGS))
