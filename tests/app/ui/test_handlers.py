"""What the page's events do, over an engine that answers by the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ahn_core import LoadError
from app.conversation import ChatSettings
from app.conversation.events import ReadPhase, TurnState
from app.ui.drawing import PARTS, draw_transcript
from app.ui.handlers import Handlers
from app.ui.ingest import UploadFolder
from app.ui.loading import EngineLoader, LoadReport
from app.ui.session import Tab, Tabs
from app.ui.views.markdown import to_html
from app.ui.views.status import Loading
from tests.app.ui.desk import World, chat_of, request, sentences, settle, until, words, writing
from tests.app.ui.fakes import ANSWER, FakeEngine


def test_a_question_is_answered(world: World) -> None:
    tab = world.open()
    assert world.ask("What is forbidden?")
    settle(tab)
    assert "What is forbidden?" in draw_transcript(tab)["last"]
    assert words(to_html(ANSWER)) in words(draw_transcript(tab)["last"])
    assert not tab.moving


def test_an_empty_question_is_no_question(world: World) -> None:
    tab = world.open()
    assert world.ask(" \n"), "nothing comes back into the box"
    assert not chat_of(tab).turns and not sentences(tab)


def test_a_refused_question_stays_in_the_box_and_says_why(slow: World) -> None:
    tab = slow.open()
    assert slow.ask("one")
    assert not slow.ask("two"), "it comes back into the box"
    assert "One answer at a time" in sentences(tab)[0]
    slow.act("stop")


def test_a_question_far_too_long_is_refused(world: World) -> None:
    tab = world.open()
    assert not world.ask("x" * 200_001)
    assert "200,001 characters" in sentences(tab)[0]


def test_a_failed_answer_gives_the_question_back(world: World) -> None:
    tab = world.open()
    chat_of(tab).fail_next = "The device is out of memory; choose a smaller window."
    world.ask("What now?")
    settle(tab)
    assert sentences(tab) == ["The device is out of memory; choose a smaller window."]
    assert tab.take_returned_question() == "What now?"
    assert tab.take_returned_question() is None, "once"
    assert "Ask about long documents" in draw_transcript(tab)["last"]


def test_stop_while_waiting_gives_the_question_back(slow: World) -> None:
    tab = slow.open()
    slow.act("add-document", documentId=slow.document())
    slow.ask("What now?")
    until(lambda: chat_of(tab).answer_event is not None)
    slow.act("stop")
    settle(tab)
    assert tab.take_returned_question() == "What now?"
    assert sentences(tab) == []


def test_a_question_that_keeps_its_answer_is_not_given_back(slow: World) -> None:
    tab = slow.open()
    slow.ask("one")
    settle(tab)
    slow.act("add-document", documentId=slow.document(pages=100))
    slow.act("regenerate", turn="0")
    until(lambda: chat_of(tab).answer_event is not None)
    slow.act("stop")
    settle(tab)
    assert [turn.question for turn in chat_of(tab).turns] == ["one"]
    assert tab.take_returned_question() is None


def test_stop_keeps_what_was_written(slow: World) -> None:
    tab = slow.open()
    slow.ask("What now?")
    writing(tab)
    slow.act("stop")
    settle(tab)
    (turn,) = chat_of(tab).turns
    assert turn.state is TurnState.STOPPED
    assert ANSWER.startswith(turn.answer) and turn.answer
    assert tab.take_returned_question() is None


def test_asking_while_reading_waits_visibly_and_can_stop_waiting(slow: World) -> None:
    tab = slow.open()
    slow.act("add-document", documentId=slow.document(pages=100))
    slow.ask("What now?")
    until(lambda: chat_of(tab).answer_event is not None)
    assert "Ask about what has been read so far" in PARTS["activity"](tab, slow.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert words(draw_transcript(tab)["last"]) == "What now? …"
    slow.act("ask-now")
    writing(tab)
    assert chat_of(tab).reading, "the answer did not wait for the end"
    settle(tab)
    assert chat_of(tab).turns[0].figures is not None
    assert "all that was read by then" in draw_transcript(tab)["last"]


def test_regenerate_answers_the_turn_that_was_clicked(world: World) -> None:
    tab = world.open()
    for question in ("one", "two"):
        world.ask(question)
        settle(tab)
    world.act("regenerate", turn="0")
    settle(tab)
    assert [turn.question for turn in chat_of(tab).turns] == ["one"], "the turns after it are dropped"


def test_the_same_answer_again_is_explained(world: World) -> None:
    tab = world.open()
    world.ask("one")
    settle(tab)
    world.act("regenerate", turn="0")
    settle(tab)
    assert "At temperature 0 the same question" in sentences(tab)[0]
    chat = chat_of(tab)
    chat.settings = replace(chat.settings, sampling=replace(chat.settings.sampling, temperature=0.7))
    world.act("regenerate", turn="0")
    settle(tab)
    assert sentences(tab) == []


def test_undo_takes_the_turn_back_and_its_question_into_the_box(slow: World) -> None:
    tab = slow.open()
    for question in ("one", "two", "three"):
        slow.ask(question)
        settle(tab)
    slow.act("undo", turn="1")
    assert [turn.question for turn in chat_of(tab).turns] == ["one"]
    assert tab.take_returned_question() == "two"
    slow.ask("four")
    slow.act("undo", turn="0")
    assert "is being written" in sentences(tab)[0] and tab.take_returned_question() is None
    settle(tab)
    assert [turn.question for turn in chat_of(tab).turns] == ["one", "four"]


def test_edit_asks_the_new_question_in_place_of_the_old(world: World) -> None:
    tab = world.open()
    for question in ("one", "two"):
        world.ask(question)
        settle(tab)
    world.act("edit-question", turn="1")
    assert tab.editing == 1
    world.act("save-edit", turn="1", value="three")
    assert tab.editing is None
    settle(tab)
    assert [turn.question for turn in chat_of(tab).turns] == ["one", "three"]


@pytest.mark.parametrize("turn", ["7", "-3", "x", "²"])
def test_clicks_on_turns_that_are_gone_do_nothing(world: World, turn: str) -> None:
    tab = world.open()
    world.ask("one")
    settle(tab)
    for action in ("regenerate", "edit-question", "save-edit", "undo"):
        world.act(action, turn=turn, value="x")
    assert len(sentences(tab)) == 4 and tab.editing is None
    assert tab.answering is None
    assert [turn.question for turn in chat_of(tab).turns] == ["one"]


def test_clear_forgets_the_turns_and_keeps_the_documents(world: World) -> None:
    tab = world.open()
    world.act("add-document", documentId=world.document())
    until(lambda: not chat_of(tab).reading)
    world.ask("one")
    settle(tab)
    world.act("clear-chat")
    assert "Ask about long documents" in draw_transcript(tab)["last"]
    assert len(chat_of(tab).documents) == 1


def test_reading_can_be_paused_and_gone_on_with(slow: World) -> None:
    tab = slow.open()
    document = slow.document(pages=100)
    slow.act("add-document", documentId=document)
    until(lambda: chat_of(tab).documents[0].tokens_done > 0)
    slow.act("cancel-reading", documentId=document)
    assert chat_of(tab).documents[0].phase is ReadPhase.PAUSED
    slow.act("resume-reading", documentId=document)
    assert chat_of(tab).documents[0].active
    slow.act("remove-document", documentId=document)
    assert chat_of(tab).documents == []


@pytest.mark.parametrize(
    "data",
    [{}, {"action": "format-disk"}, {"action": ["stop"]}, {"action": "open-chat"}, {"action": "rename-chat"}],
)
def test_clicks_that_make_no_sense_harm_nothing(world: World, data: Any) -> None:
    tab = world.open()
    world.handlers.act(tab, data)
    assert all("reload" in sentence for sentence in sentences(tab))


def test_a_comparison_runs_and_stops(slow: World) -> None:
    tab = slow.open()
    document = slow.document(pages=5)
    slow.handlers.compare([document], "What?", True, request())
    assert tab.comparing is not None and tab.moving
    slow.handlers.compare([document], "What?", True, request())
    assert "A comparison is running" in sentences(tab)[0]
    slow.act("stop")
    until(lambda: tab.comparing is not None and tab.comparing.finished)
    assert tab.comparing.state.outcome is not None and tab.comparing.state.outcome.cancelled


def test_a_comparison_without_a_question_says_why_not(world: World) -> None:
    tab = world.open()
    world.handlers.compare([], " ", False, request())
    assert "question is empty" in sentences(tab)[0]
    assert tab.comparing is None


def test_a_probe_runs_and_stops_and_goes_with_its_chat(slow: World) -> None:
    tab = slow.open()
    slow.act("probe")
    assert "no document" in sentences(tab)[0] and tab.probing is None
    slow.act("add-document", documentId=slow.document(pages=2))
    slow.act("probe")
    assert "still being read" in sentences(tab)[0] and tab.probing is None
    until(lambda: not chat_of(tab).reading)
    slow.act("probe")
    probing = tab.probing
    assert probing is not None and tab.moving
    slow.act("probe")  # the button now says Stop
    until(lambda: probing.finished)
    assert probing.state.ended is not None and probing.state.ended.cancelled
    slow.act("probe")
    again = tab.probing
    assert again is not None and again is not probing
    slow.act("new-chat")
    assert tab.probing is None
    until(lambda: again.finished)
    long = slow.document(pages=100, name="long.pdf")
    slow.act("add-document", documentId=long)
    slow.act("cancel-reading", documentId=long)
    slow.act("probe")
    assert "long.pdf is read up to page" in sentences(tab)[-1] and tab.probing is None
    assert again.state.ended is not None and again.state.ended.cancelled


def test_an_error_in_an_answer_is_one_sentence_and_gives_the_question_back(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tab = world.open()

    def broken(question: str, *, now: bool = False) -> Iterator[Any]:
        yield from ()
        raise RuntimeError("a bug")

    monkeypatch.setattr(chat_of(tab), "ask", broken)
    world.ask("one?")
    settle(tab)
    assert "error in AHN Chat" in sentences(tab)[0]
    assert tab.take_returned_question() == "one?"
    assert "a bug" in caplog.text


def test_nothing_is_refused_without_a_word_while_the_model_loads(tmp_path: Path) -> None:
    hold = threading.Event()

    def load(report: LoadReport) -> Any:
        report("Fetching the model: 40 of 93 MB", 0.43)
        hold.wait(5)
        return FakeEngine(pace=0.002)

    loader = EngineLoader(load)
    loader.start()
    handlers = Handlers(loader, Tabs(), UploadFolder(tmp_path))
    tab = handlers.open_tab("one")
    until(lambda: loader.state.fraction is not None)
    drawn = PARTS["activity"](tab, None, loader.state)
    assert "Fetching the model: 40 of 93 MB" in drawn and "43%" in drawn
    handlers.act(tab, {"action": "ask", "value": "one?"})
    assert tab.take_returned_question() == "one?"
    upload = tmp_path / "early.txt"
    upload.write_text("words")
    handlers.act(tab, {"action": "upload", "files": [{"name": "early.txt", "path": str(upload)}]})
    assert not upload.exists()
    handlers.act(tab, {"action": "new-chat"})
    assert ["still being loaded" in sentence for sentence in sentences(tab)] == [True] * 3
    hold.set()
    assert loader.wait(5)
    handlers.enter(tab)
    assert tab.chat is not None


def test_a_load_failure_is_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def load(report: LoadReport) -> Any:
        raise LoadError("There is no model in /models/x; name another with --model.")

    loader = EngineLoader(load)
    loader.start()
    assert not loader.wait(5)
    drawn = PARTS["activity"](Tab("one"), None, loader.state)
    assert "There is no model in /models/x" in drawn and 'role="alert"' in drawn
    assert "There is no model in /models/x" in caplog.text and "Traceback" not in caplog.text


def test_a_new_chat_starts_with_the_defaults_or_what_was_chosen_and_says_so(world: World) -> None:
    tab = world.open()
    odd = replace(ChatSettings(), sliding_window=480)
    chat_of(tab).update_settings(odd)
    note = PARTS["settings-note"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert "Not the default settings: window 480 (default 960)" in words(note)
    world.ask("one")
    settle(tab)
    world.act("new-chat")
    assert chat_of(tab).settings == ChatSettings()
    assert PARTS["settings-note"](tab, world.engine, Loading(ready=True)) == ""  # type: ignore[arg-type]
    world.engine.presets.save("Odd", odd)
    world.engine.presets.choose_for_new_chats("Odd")
    world.act("new-chat")
    assert chat_of(tab).settings == odd
    note = PARTS["settings-note"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert "Preset “Odd”: window 480" in words(note)


def test_a_pinned_chat_stays_at_the_top(world: World) -> None:
    tab = world.open()
    for question in ("one", "two"):
        world.ask(question)
        settle(tab)
        world.act("new-chat")
    world.act("pin-chat", chatId="chat0", pinned="1")
    drawn = PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert drawn.index("Unpin one") < drawn.index("Pin two to the top")
    assert 'title="one\n1 question"' in drawn, "the whole title, where there is no room for it"
    world.act("pin-chat", chatId="chat0", pinned="")
    drawn = PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert drawn.index("Pin two") < drawn.index("Pin one")


def test_versions_are_chosen_and_deleted_and_nothing_else_is(world: World) -> None:
    tab, other = world.open(), world.open("two", chat_of(world.opened["one"]).id)
    for question in ("one", "two"):
        world.ask(question)
        settle(tab)
    world.act("save-edit", turn="0", value="another one")
    settle(tab)
    assert "2 of 2" in words(draw_transcript(tab)["last"])
    world.act("choose-version", turn="0", number="1")
    drawn = draw_transcript(other)
    assert "1 of 2" in words(drawn["earlier"]) and "two" in words(drawn["last"]), "in both tabs"
    world.act("ask-delete-turn", turn="0")
    asked = words(draw_transcript(tab)["earlier"])
    assert "Delete this version? The others stay. 1 question and its answer that came after it" in asked
    asked_about = str(chat_of(tab).versions[0].id)
    world.act("choose-version", "two", turn="0", number="2")  # meanwhile, in another tab
    world.act("delete-turn", turn="0", id=asked_about)
    assert "no longer there, so nothing was done" in sentences(tab)[0]
    world.act("choose-version", turn="0", number="1")
    world.act("delete-turn", turn="0", id=asked_about)
    assert [turn.question for turn in chat_of(tab).turns] == ["another one"] and not sentences(tab)
    world.act("undo", turn="0")
    assert "The conversation went on here: 1 question" in words(draw_transcript(tab)["last"])
    world.act("choose-version", turn="0", number="1")
    assert [turn.question for turn in chat_of(tab).turns] == ["another one"]
    for odd in (
        {"turn": "x", "number": "1"},
        {"turn": "0", "number": "-1"},
        {"turn": "0", "number": "9" * 12},
    ):
        world.act("choose-version", **odd)
        assert "nothing was done" in sentences(tab)[0]
