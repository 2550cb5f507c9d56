"""The first minute: the sample and its questions, what the model is, words that are explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.conversation import ChatSettings
from app.conversation.events import TurnState
from app.documents import extract
from app.ui import library_view
from app.ui.about import SAMPLE, SAMPLE_QUESTIONS, asks_about_model
from app.ui.drawing import draw_transcript
from app.ui.views import first, memory
from app.ui.words.chat import CHAT
from tests.app.ui.desk import World, chat_of, settle, until, words
from tests.app.ui.test_views import STATS


@pytest.mark.parametrize(
    "question",
    [
        "Which model are you?",
        "what model is this",
        "Hi, which language model are you using?",
        "Who are you?",
        "Are you ChatGPT?",
        "What is your name, please?",
        "Welches Modell bist du?",
        "Hallo, wer sind Sie?",
        "Bist du ein Mensch?",
        "你是什么模型？",
        "你是谁",
        "您好，您是ChatGPT吗？",
    ],
)
def test_questions_about_the_model_are_told_by_the_app(question: str) -> None:
    assert asks_about_model(question)


@pytest.mark.parametrize(
    "question",
    [
        "Which model of pump are you to order?",
        "Who are you to call when the siren fails?",
        "What are your duties as a keeper?",
        "What is the name of the boat?",
        "Welches Modell hat die Pumpe?",
        "Wer sind Sie laut Vertrag verpflichtet zu benachrichtigen?",
        "这台泵是什么型号？",
        "Explain what model is used. " * 10,
    ],
)
def test_questions_about_documents_go_to_the_model(question: str) -> None:
    assert not asks_about_model(question)


def test_the_app_answers_itself_and_says_so(world: World) -> None:
    tab = world.open()
    world.act("ask", value="Which model are you?")
    shown = draw_transcript(tab)["last"]
    assert CHAT.english.told_by_app in shown and world.engine.model.name in shown
    assert not tab.busy and chat_of(tab).turns[0].state is TurnState.TOLD, "the model was not asked"
    world.ask("What is forbidden?")
    settle(tab)
    shown = draw_transcript(tab)
    assert CHAT.english.told_by_app in shown["earlier"] and CHAT.english.told_by_app not in shown["last"]
    world.act("save-edit", turn="1", value="Are you ChatGPT?")
    assert chat_of(tab).turns[1].state is TurnState.TOLD and tab.editing is None
    world.act("regenerate", turn="1")
    settle(tab)
    assert chat_of(tab).turns[1].state is TurnState.DONE, "answering again asks the model"


def test_the_app_tells_what_the_memory_of_the_chat_is(world: World) -> None:
    tab = world.open()
    told = {}
    for kind in ("ahn", "window", "full"):
        chat_of(tab).settings = ChatSettings(memory=kind)
        world.act("ask", value="Which model are you?")
        told[kind] = chat_of(tab).turns[-1].answer
    assert "AHN of the kind GatedDeltaNet" in told["ahn"]
    assert "no memory beyond its window" in told["window"] and "everything word for word" in told["full"]
    assert "GatedDeltaNet" not in told["window"] + told["full"]


def test_an_empty_page_offers_the_sample_and_then_its_questions(world: World) -> None:
    tab = world.open()
    assert 'data-action="add-sample"' in draw_transcript(tab)["last"]
    world.act("add-sample")
    until(lambda: any(document.name == SAMPLE.name for document in chat_of(tab).documents))
    shown = draw_transcript(tab)["last"]
    assert "add-sample" not in shown
    for question in SAMPLE_QUESTIONS:
        assert question in shown
    assert words(shown).count("?") >= 3
    assert Path(SAMPLE).is_file(), "a copy was taken"


def test_the_sample_holds_what_is_asked() -> None:
    text = " ".join(" ".join(extract(SAMPLE).pages).split())
    for fact in ("lasted for 147 hours", "wound every four hours", "line for 230 metres"):
        assert fact in text


def test_the_model_that_comes_along_says_what_it_is_and_is_not() -> None:
    assert "SmolLM2 is a very small model" in first.empty(embedded="SmolLM2")
    assert "model-note" not in first.empty()


def test_words_of_our_own_are_explained_where_they_first_stand() -> None:
    shown = memory.panel(STATS, trained=True)
    for name in ("tokens", "sinks", "window", "memory"):
        assert f'popovertarget="why-{name}"' in shown and f'popover id="why-{name}"' in shown
    assert "What does “sinks” mean?" in shown


def test_what_could_be_installed_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_view.sense, "is_available", lambda: False)
    monkeypatch.setattr(library_view.recognition, "is_available", lambda: False)
    told = first.extras(library_view.missing_extras())
    assert "<code>python launch.py --with sense,ocr</code>" in told and "84 MB" in told and "120 MB" in told
    monkeypatch.setattr(library_view.sense, "is_available", lambda: True)
    assert "--with ocr<" in first.extras(library_view.missing_extras())
    monkeypatch.setattr(library_view.recognition, "is_available", lambda: True)
    assert first.extras(library_view.missing_extras()) == ""
