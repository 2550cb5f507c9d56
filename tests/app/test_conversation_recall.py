"""Questions answered from quotes: what is looked up, what the model reads of it, and what a turn keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ahn_core import SamplingSettings
from app.conversation import Chat
from app.conversation.events import (
    AnswerCancelled,
    AnswerFinished,
    AnswerStarted,
    AnswerToken,
    ChatEvent,
    PaneFinished,
    PromptRead,
    Recalled,
    Waiting,
)
from app.conversation.evidence import (
    Evidence,
    Review,
    TurnQuote,
    UsedPassage,
    evidence_from_record,
    to_record,
)
from app.conversation.loops import begun, looping
from app.conversation.prose import fingerprint, keep_figures, place_of, prose_place
from app.conversation.quoting import quoted_question
from app.paths import assets_dir
from app.recall import Judge
from app.store import Store
from tests.app.chatting import SETTINGS, Gate, World, finish, pages, rest

LOOKING_UP = replace(SETTINGS, recall=True, sliding_window=480)
TALKING = replace(LOOKING_UP, sampling=SamplingSettings(), max_new_tokens=100)
CRANE = (
    "The harbour has a crane on its northern quay. The crane lifts 1,250 kilograms at most and was built in 1911. "
    "It must not be used in fog."
)
LIGHT = (
    "The lamp of the lighthouse burns from dusk to dawn. Its keeper, Anna Berg, winds the clockwork every four hours. "
    "Visitors may climb the tower on Sundays."
)
TEXTS = (*pages(3, seed=5), CRANE, *pages(3, seed=6), LIGHT)
QUESTION = "How many kilograms can the crane lift?"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def chat(world: World) -> Chat:
    return world.chat(world.document("harbour.txt", TEXTS), settings=LOOKING_UP)


def fed_text(world: World) -> str:
    """What the model has been fed since the list was cleared, as text: the tiny tokenizer's tokens are bytes."""
    ids = [token for run in world.counting.fed for token in run]
    return str(world.tokenizer.decode(ids))


def kinds(events: list[ChatEvent]) -> list[type]:
    return [type(event) for event in events]


def test_quotes_come_before_the_first_token_with_their_pages(chat: Chat) -> None:
    events = list(chat.ask(QUESTION))
    order = kinds(events)
    assert order[0] is Recalled
    assert order.index(AnswerStarted) < order.index(PromptRead) < order.index(AnswerToken)
    first = events[0]
    last = [event for event in events if isinstance(event, Recalled)][-1]
    assert isinstance(first, Recalled) and not first.refined and last.refined
    quote = last.evidence.quotes[0]
    assert "1,250 kilograms" in quote.text and quote.text in " ".join(CRANE.split())
    assert (quote.document, quote.page, quote.label) == ("harbour.txt", 4, "4")
    (place,) = quote.places
    assert " ".join(TEXTS[3][place[1] : place[2]].split()) == quote.text
    assert last.evidence.found is True
    finished = events[-1]
    assert isinstance(finished, AnswerFinished)
    assert finished.turn.quotes == last.evidence.quotes and finished.turn.passages
    assert chat.turns == [finished.turn]


def test_the_model_reads_the_quotes_right_before_the_question(world: World, chat: Chat) -> None:
    world.counting.fed.clear()
    turn = finish(chat.ask(QUESTION))
    text = fed_text(world)
    assert text.index("[1] harbour.txt, page 4") < text.index(f"Question: {QUESTION}")
    assert 0 < turn.evidence.tokens <= LOOKING_UP.sliding_window // 2
    assert turn.figures is not None and turn.figures.prompt_tokens > turn.evidence.tokens


def test_quotes_of_earlier_turns_do_not_pile_up(world: World, chat: Chat) -> None:
    read = chat.stats().seq_length
    turn = finish(chat.ask(QUESTION))
    once = chat.stats().seq_length
    assert once - read < turn.evidence.tokens < turn.figures.prompt_tokens
    finish(chat.ask("Who winds the clockwork?"))
    assert chat.stats().seq_length - once < 200
    world.counting.fed.clear()
    finish(chat.ask("When may visitors climb?"))
    assert "kilograms can the crane" not in fed_text(world), "the turns before are not fed again"


def test_without_looking_up_nothing_is_quoted_and_nothing_read_again(world: World, chat: Chat) -> None:
    off = replace(LOOKING_UP, recall=False)
    assert chat.preview_settings(off).tokens == 0
    chat.update_settings(off)
    world.counting.fed.clear()
    events = list(chat.ask(QUESTION))
    assert Recalled not in kinds(events)
    turn = events[-1].turn  # type: ignore[union-attr]
    assert (turn.quotes, turn.passages, turn.found) == ((), (), None)
    assert "Quotes" not in fed_text(world)
    assert turn.grounding in ("memory", "partly")


def test_a_chat_without_documents_looks_nothing_up(world: World) -> None:
    turn = finish(world.engine.new_chat(LOOKING_UP).ask("Why?"))
    assert (turn.found, turn.grounding, turn.checks) == (None, "", ())


def test_answering_again_reads_the_same_quotes_also_after_a_restart(world: World, chat: Chat) -> None:
    first = finish(chat.ask(QUESTION))
    again = finish(chat.regenerate())
    assert (again.answer, again.evidence, again.review) == (first.answer, first.evidence, first.review)
    world.restart()
    back = world.engine.chat(chat.id)
    (kept,) = back.turns
    assert (kept.answer, kept.evidence, kept.review) == (again.answer, again.evidence, again.review)
    rest(back)
    world.counting.fed.clear()
    assert finish(back.regenerate()).answer == first.answer
    assert CRANE.split(".")[1].strip() in " ".join(fed_text(world).split())


def test_taken_back_and_asked_again_gives_the_same(chat: Chat) -> None:
    first = finish(chat.ask(QUESTION))
    question = chat.undo()
    again = finish(chat.ask(question))
    assert (again.answer, again.evidence) == (first.answer, first.evidence)


def test_an_edited_question_is_looked_up_anew(chat: Chat) -> None:
    finish(chat.ask(QUESTION))
    turn = finish(chat.edit(0, "Who winds the clockwork?"))
    assert "Anna Berg" in turn.quotes[0].text and turn.quotes[0].page == 8


def test_a_document_added_later_is_searched_when_the_question_is_answered_again(
    world: World, chat: Chat
) -> None:
    finish(chat.ask("Who is the harbour master?"))
    other = ("The harbour master is Otto Lind. He lives beside the harbour.",)
    chat.add_document(world.document("people.txt", other))
    rest(chat)
    assert "Otto Lind" in finish(chat.regenerate()).quotes[0].text


def test_a_question_that_refers_back_finds_what_was_spoken_of(chat: Chat) -> None:
    finish(chat.ask("Tell me about the crane on the quay."))
    turn = finish(chat.ask("And when was it built?"))
    assert any("1911" in quote.text for quote in turn.quotes)


def test_pages_that_are_not_read_yet_are_quoted_at_once(world: World) -> None:
    gate = Gate(world, after_chunks=1)
    chat = world.engine.new_chat(LOOKING_UP)
    chat.add_document(world.document("harbour.txt", TEXTS))
    assert gate.reached.wait(20)
    events = iter(chat.ask(QUESTION))
    first = next(events)
    assert isinstance(first, Recalled) and "1,250 kilograms" in first.evidence.quotes[0].text
    assert isinstance(next(events), Waiting)
    assert chat.turns[0].quotes == first.evidence.quotes, (
        "they are in the transcript while the question waits"
    )
    chat.answer_now()
    gate.open()
    turn = list(events)[-1].turn  # type: ignore[union-attr]
    assert not turn.figures.read_all and turn.figures.pages_read < 8


def test_a_question_without_a_word_to_look_up_is_answered_without_quotes(chat: Chat) -> None:
    turn = finish(chat.ask("And you?"))
    assert (turn.found, turn.quotes) == (None, ())


def test_nothing_found_is_said(chat: Chat) -> None:
    turn = finish(chat.ask("Wie hoch ist der Zzyzx-9000 Turbolader?"))
    assert turn.found is False


def test_a_window_too_small_for_quotes_still_answers(world: World) -> None:
    small = replace(LOOKING_UP, sliding_window=64)
    chat = world.chat(world.document("harbour.txt", TEXTS), settings=small)
    turn = finish(chat.ask(QUESTION))
    assert turn.quotes and turn.evidence.tokens <= 32


def test_a_long_first_quote_is_cut_to_the_budget(world: World) -> None:
    small = replace(LOOKING_UP, sliding_window=256)
    chat = world.chat(world.document("harbour.txt", TEXTS), settings=small)
    turn = finish(chat.ask(QUESTION))
    assert 0 < turn.evidence.tokens <= 128


def test_an_answer_is_held_against_the_text(world: World, chat: Chat) -> None:
    said = "The crane lifts 1,250 kilograms at most. Anna Berg built it in 1847."
    chat.update_settings(TALKING)
    _have_it_say(world, said)
    turn = finish(chat.ask(QUESTION))
    assert turn.answer == said
    by_text = {check.text: check for check in turn.checks}
    assert by_text["1,250 kilograms"].status == "here" and by_text["1,250 kilograms"].page == 4
    assert by_text["1847"].status == "absent"
    assert by_text["Anna Berg"].status in ("here", "elsewhere") and by_text["Anna Berg"].page == 8
    assert said[by_text["1847"].start : by_text["1847"].end] == "1847"
    (citation, *_) = turn.citations
    assert (citation.number, citation.page, citation.document) == (1, 4, "harbour.txt")
    assert citation.ends[0] == said.index(" Anna")
    page, start, end = citation.places[0]
    assert "1,250 kilograms" in TEXTS[page - 1][start:end]
    assert turn.grounding == "partly"


def test_an_answer_is_stopped_while_the_model_judges_sentences(
    world: World, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def judge(opening: object) -> Judge:
        def judging(question: str, sentences: Sequence[str]) -> list[float]:
            asked.append(len(sentences))
            chat.stop()
            return [0.0] * len(sentences)

        return judging

    monkeypatch.setattr("app.conversation.lookup.Lookup.judge", lambda self, opening: judge(opening))
    events = list(chat.ask("What must not be opened under pressure, and when does the pump fall?"))
    assert isinstance(events[-1], AnswerCancelled) and chat.turns == []
    assert asked == [8], "the rest was not judged"


def test_an_answer_that_goes_round_in_circles_is_ended(world: World, chat: Chat) -> None:
    _have_it_say(world, "The list: " + "1." * 400)
    chat.update_settings(replace(TALKING, max_new_tokens=600))
    turn = finish(chat.ask(QUESTION))
    assert turn.figures is not None and turn.figures.reason == "loop"
    assert turn.answer.startswith("The list: 1.") and len(turn.answer) < 40
    assert "".join(piece.text for piece in turn.pieces) == turn.answer
    following = finish(chat.ask("And then?"))
    assert following.answer


def test_panes_of_a_comparison_read_the_same_quotes(world: World) -> None:
    document = world.document("harbour.txt", TEXTS)
    events = list(world.engine.compare([document], QUESTION, LOOKING_UP))
    panes = [event.event for event in events if isinstance(event.event, PaneFinished)]
    assert len(panes) == 2  # full attention cannot hold the document
    assert len({pane.evidence.quotes for pane in panes}) == 1 and panes[0].evidence.quotes
    without = list(world.engine.compare([document], QUESTION, SETTINGS))
    assert all(
        event.event.evidence.found is None for event in without if isinstance(event.event, PaneFinished)
    )


def test_the_library_is_searched_without_a_chat(world: World) -> None:
    one = world.document("harbour.txt", TEXTS)
    other = world.document("other.txt", ("Nothing of cranes here. A crane is a bird.",))
    hits = world.engine.search("crane lifts")
    assert (hits[0].document_id, hits[0].page) == (one, 4)
    assert {hit.document_id for hit in world.engine.search("crane", [other])} == {other}
    assert world.engine.search("zzyzx") == []


def test_a_turn_of_an_older_version_opens_without_evidence(world: World, chat: Chat) -> None:
    finish(chat.ask(QUESTION))
    world.engine.close()
    with Store(world.folder) as store:
        stored = store.chats.load(chat.id)
        assert stored is not None
        turn = stored.turns[0]
        details = {key: value for key, value in turn.details.items() if key not in ("evidence", "review")}
        store.chats.save_turn(chat.id, replace(turn, details=details))
    world.engine = world._engine()
    (back,) = world.engine.chat(chat.id).turns
    assert (back.answer, back.found, back.quotes) == (turn.answer, None, ())


def test_deleting_a_document_while_it_is_prepared_fails_nothing(world: World) -> None:
    chat = world.engine.new_chat(LOOKING_UP)
    document = world.document("long.txt", pages(40, seed=8))
    chat.add_document(document)
    world.engine.delete_document(document)
    assert world.engine.search("pump") == []


def _have_it_say(world: World, text: str) -> None:
    """Make the model's likeliest tokens those of a given text, then the end of the answer."""
    import torch

    world.tokenizer.eos_token = "<|im_end|>"
    ids = [*world.tokenizer.encode(text), world.tokenizer.eos_token_id]
    model, place = world.counting.model, 0
    likelihoods = model.logits

    def logits(hidden: torch.Tensor) -> torch.Tensor:
        nonlocal place
        result = likelihoods(hidden)
        if hidden.shape[0] != 1:  # it judges sentences
            return result
        place = 0 if len(world.counting.fed[-1]) > 1 else place + 1
        chosen = torch.full_like(result, -1e9)
        chosen[..., ids[min(place, len(ids) - 1)]] = 0.0
        return chosen

    model.logits = logits  # type: ignore[method-assign]


def test_the_best_quote_stands_last_and_what_does_not_fit_is_left_out() -> None:
    quotes = tuple(
        TurnQuote("d", "manual.pdf", 1, page, str(page), (), text, (0, 3), 1.0)
        for page, text in ((7, "The best."), (9, "The second."), (12, "The third."))
    )
    evidence = Evidence(
        (UsedPassage("d", "manual.pdf", 1, 7, "7", (), "Before. The best. After."),), quotes, True
    )

    def count(text: str) -> int:
        return len(text.split())

    text, read, tokens = quoted_question(evidence, "Why?", 100, count)
    assert text == (
        "Quotes from the documents:\n[3] manual.pdf, page 12: “The third.”\n[2] manual.pdf, page 9: “The second.”\n"
        "[1] manual.pdf, page 7: “The best.”\n\nQuestion: Why?"
    )
    assert (read, tokens) == (3, 22)
    assert "third" not in quoted_question(evidence, "Why?", 18, count)[0]
    assert quoted_question(evidence, "Why?", 5, count) == ("Why?", 0, 0)


@pytest.mark.parametrize(
    ("prose", "quotes", "place"),
    [
        (0.7, 0.8, "leads"),
        (0.5, 0.8, "beside"),
        (0.3, 0.8, "folded"),
        (0.9, 0.8, "leads"),
        (0.0, 0.0, "beside"),
    ],
)
def test_prose_stands_where_its_figures_put_it(prose: float, quotes: float, place: str) -> None:
    assert place_of(prose, quotes) == place


def test_a_model_that_was_not_measured_is_neither_trusted_nor_hidden(world: World) -> None:
    assert prose_place(world.counting.model) == "beside"


def test_a_row_of_a_table_is_read_and_kept_in_words() -> None:
    row = TurnQuote(
        "d", "d.md", 1, 1, "1", ((1, 0, 9),), "| a | 5 |", (0, 9), 1.0, (0,), "Letter: a; Count: 5."
    )
    evidence = Evidence((), (row,), True)
    read, _, _ = quoted_question(evidence, "How many?", 100, lambda text: len(text.split()))
    assert "“Letter: a; Count: 5.”" in read and "|" not in read
    record = json.loads(json.dumps(to_record(evidence, Review())))
    assert evidence_from_record(record["evidence"]) == evidence
    del record["evidence"]["quotes"][0]["in_words"]  # as an older version wrote it
    assert evidence_from_record(record["evidence"]).quotes[0].shown == "| a | 5 |"


def test_figures_that_were_kept_decide_where_prose_stands(world: World) -> None:
    model, folder = world.counting.model, world.folder
    key = fingerprint(model)
    assert keep_figures(folder, key, "tiny", {"prose": 0.8, "quotes": 0.7, "either": 0.9}) == "leads"
    assert prose_place(model, folder) == "leads"
    assert keep_figures(folder, "another", "other", {"prose": 0.1, "quotes": 0.7, "either": 0.7}) == "folded"
    assert prose_place(model, folder) == "leads", "the figures of others leave it as it is"
    chat = world.chat(world.document(), settings=replace(SETTINGS, recall=True))
    list(chat.ask("What must not be opened?"))
    assert chat.turns[-1].evidence.prose == "leads"
    (folder / "prose.json").write_text("{not json")
    assert prose_place(model, folder) == "beside"


def test_the_table_of_measured_models_can_be_read_and_folds_the_embedded_one() -> None:
    table = json.loads((assets_dir() / "evaluation" / "prose.json").read_text(encoding="utf-8"))
    assert {place_of(one["prose"], one["quotes"]) for one in table["models"].values()} == {"folded"}
    measured = {key for key, one in table["models"].items() if "figures_of" not in one}
    assert {one.get("figures_of", key) for key, one in table["models"].items()} == measured


@pytest.mark.parametrize(
    ("ids", "repeated"),
    [
        ([7, 8] * 30, 58),
        ([1, 2, 3, *([7] * 50)], 49),
        ([7, 8] * 15, 0),  # a table's ruler
        (list(range(200)), 0),
        ([*range(30), *range(30)], 0),  # said twice
        ([*range(30), *range(30), *range(30)], 60),
    ],
)
def test_a_loop_is_told_from_a_table(ids: list[int], repeated: int) -> None:
    assert looping(ids, [f"w{token} " for token in ids]) == repeated


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The crane lifts 500 kilograms.\n\nThe", "The crane lifts 500 kilograms.\n\n"),
        ("The list: 1", "The list: 1"),
        ("It is old. The crane lifts less than it did", "It is old. The crane lifts less than it did"),
        ("", ""),
    ],
)
def test_what_was_only_begun_goes_with_the_loop(text: str, kept: str) -> None:
    texts = re.findall(r"\d+|[^\d\s]+|\s", text)
    assert "".join(texts[: len(texts) - begun(texts)]) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The crane lifts 500 kilograms in all. It is old. The crane lifts 500 kilograms in all.", 48),
        ("The crane lifts 500 kilograms in all. It is old. The crane lifts 600 kilograms in all.", None),
        ("It is old. It is new. It is old. It is new.", None),  # so short that they may be said again
        ("It says: " + "".join(f"the handbook, page {n}: " for n in range(1, 13)), 9),
        ("| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n", None),
    ],
)
def test_what_was_said_is_not_said_again(text: str, kept: int | None) -> None:
    texts = re.findall(r"\d+|[^\d\s]+|\s", text)
    ids: dict[str, int] = {}
    tokens = [ids.setdefault(piece, len(ids)) for piece in texts]
    repeated = looping(tokens, texts)
    left = "".join(texts[: len(texts) - repeated])
    if kept is None:
        assert left == text
    else:
        assert kept <= len(left) < 0.6 * len(text) and text.startswith(left)
