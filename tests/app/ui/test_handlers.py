"""What the page's events do, over an engine that answers by the clock."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.chat import ChatSettings
from app.chat.events import ReadPhase, TurnState
from app.documents import DocumentError, Extracted
from app.ui.drawing import PARTS, messages
from app.ui.follow import Follower
from app.ui.handlers import Handlers
from app.ui.ingest import UploadFolder
from app.ui.loading import EngineLoader, LoadReport
from app.ui.page import Components, Page
from app.ui.session import Tab, Tabs
from app.ui.views.status import Loading
from tests.app.ui.fakes import ANSWER, FakeChat, FakeEngine


def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for something that other threads bring about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


class World:
    """Handlers over a fake engine, and what a page would send them."""

    def __init__(self, folder: Path, engine: FakeEngine) -> None:
        self.engine = engine
        self.uploads = UploadFolder(folder)
        self.loader = EngineLoader(lambda report: engine)  # type: ignore[arg-type, return-value]
        self.loader.start()
        assert self.loader.wait(5)
        self.tabs = Tabs()
        self.handlers = Handlers(self.loader, self.tabs, self.uploads)

    def open(self, session: str = "one", remembered: str = "") -> Tab:
        self.handlers.open_tab(remembered, request(session))
        tab = self.tabs.get(session)
        self.handlers.enter(tab)
        return tab

    def click(self, action: str, session: str = "one", **data: str) -> None:
        self.handlers.click(event({"action": action, **data}), request(session))

    def ask(self, question: str, session: str = "one") -> Any:
        return self.handlers.ask(question, request(session))

    def document(self, pages: int = 30, name: str = "manual.pdf") -> str:
        text = tuple(f"page {number} of {name}" for number in range(pages))
        return self.engine.library.add(Extracted(name, "pdf", name.encode().hex() * 4, text)).id


def request(session: str = "one") -> Any:
    return SimpleNamespace(session_hash=session)


def event(data: Any) -> Any:
    return SimpleNamespace(_data=data)


def chat_of(tab: Tab) -> FakeChat:
    assert isinstance(tab.chat, FakeChat)
    return tab.chat


def sentences(tab: Tab) -> list[str]:
    return [notice.sentence for notice in tab.take_notices()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, FakeEngine(pace=0.002))


@pytest.fixture
def slow(tmp_path: Path) -> World:
    return World(tmp_path, FakeEngine(pace=0.05))


def settle(tab: Tab) -> None:
    until(lambda: tab.answering is None or tab.answering.finished)
    tab.settle()


def test_a_question_is_answered(world: World) -> None:
    tab = world.open()
    assert world.ask("What is forbidden?") == ""
    settle(tab)
    assert messages(tab)[0]["content"] == "What is forbidden?"
    assert messages(tab)[1]["content"] == ANSWER
    assert not tab.moving


def test_an_empty_question_is_no_question(world: World) -> None:
    tab = world.open()
    assert world.ask(" \n") != ""
    assert not chat_of(tab).turns and not sentences(tab)


def test_a_refused_question_stays_in_the_box_and_says_why(slow: World) -> None:
    tab = slow.open()
    assert slow.ask("one") == ""
    assert slow.ask("two") != "", "the box keeps the question"
    assert "One answer at a time" in sentences(tab)[0]
    slow.handlers.stop(request())


def test_a_question_far_too_long_is_refused(world: World) -> None:
    tab = world.open()
    assert world.ask("x" * 200_001) != ""
    assert "200,001 characters" in sentences(tab)[0]


def test_a_failed_answer_gives_the_question_back(world: World) -> None:
    tab = world.open()
    chat_of(tab).fail_next = "The device is out of memory; choose a smaller window."
    world.ask("What now?")
    settle(tab)
    assert sentences(tab) == ["The device is out of memory; choose a smaller window."]
    assert tab.take_returned_question() == "What now?"
    assert tab.take_returned_question() is None, "once"
    assert messages(tab) == []


def test_stop_while_waiting_gives_the_question_back(slow: World) -> None:
    tab = slow.open()
    slow.click("add-document", documentId=slow.document())
    slow.ask("What now?")
    until(lambda: tab.answering is not None and tab.answering.latest is not None)
    slow.handlers.stop(request())
    settle(tab)
    assert tab.take_returned_question() == "What now?"
    assert sentences(tab) == []


def test_a_question_that_keeps_its_answer_is_not_given_back(slow: World) -> None:
    tab = slow.open()
    slow.ask("one")
    settle(tab)
    slow.click("add-document", documentId=slow.document(pages=100))
    slow.handlers.regenerate(SimpleNamespace(index=1), request())  # type: ignore[arg-type]
    until(lambda: tab.answering is not None and tab.answering.latest is not None)
    slow.handlers.stop(request())
    settle(tab)
    assert [turn.question for turn in chat_of(tab).turns] == ["one"]
    assert tab.take_returned_question() is None


def test_stop_keeps_what_was_written(slow: World) -> None:
    tab = slow.open()
    slow.ask("What now?")
    until(lambda: bool(chat_of(tab).turns))
    slow.click("stop")
    settle(tab)
    (turn,) = chat_of(tab).turns
    assert turn.state is TurnState.STOPPED
    assert ANSWER.startswith(turn.answer) and turn.answer
    assert tab.take_returned_question() is None


def test_asking_while_reading_waits_visibly_and_can_stop_waiting(slow: World) -> None:
    tab = slow.open()
    slow.click("add-document", documentId=slow.document(pages=100))
    slow.ask("What now?")
    until(lambda: tab.answering is not None and tab.answering.latest is not None)
    assert "Ask about what has been read so far" in PARTS["activity"](tab, slow.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert [entry["content"] for entry in messages(tab)] == ["What now?", "…"]
    slow.click("ask-now")
    until(lambda: bool(chat_of(tab).turns))
    assert chat_of(tab).reading, "the answer did not wait for the end"
    settle(tab)
    assert chat_of(tab).turns[0].figures is not None
    assert "all that was read by then" in str(messages(tab)[1]["content"])


def test_regenerate_answers_the_turn_that_was_clicked(world: World) -> None:
    tab = world.open()
    for question in ("one", "two"):
        world.ask(question)
        settle(tab)
    world.handlers.regenerate(SimpleNamespace(index=1), request())  # type: ignore[arg-type]
    settle(tab)
    assert [turn.question for turn in chat_of(tab).turns] == ["one"], "the turns after it are dropped"


def test_the_same_answer_again_is_explained(world: World) -> None:
    tab = world.open()
    world.ask("one")
    settle(tab)
    world.handlers.regenerate(SimpleNamespace(index=1), request())  # type: ignore[arg-type]
    settle(tab)
    assert "At temperature 0 the same question" in sentences(tab)[0]
    chat = chat_of(tab)
    chat.settings = replace(chat.settings, sampling=replace(chat.settings.sampling, temperature=0.7))
    world.handlers.regenerate(SimpleNamespace(index=1), request())  # type: ignore[arg-type]
    settle(tab)
    assert sentences(tab) == []


def test_undo_takes_the_turn_back_and_its_question_into_the_box(slow: World) -> None:
    tab = slow.open()
    for question in ("one", "two", "three"):
        slow.ask(question)
        settle(tab)
    slow.handlers.undo(SimpleNamespace(index=2), request())  # type: ignore[arg-type]
    assert [turn.question for turn in chat_of(tab).turns] == ["one"]
    assert tab.take_returned_question() == "two"
    slow.ask("four")
    slow.handlers.undo(SimpleNamespace(index=0), request())  # type: ignore[arg-type]
    assert "is being written" in sentences(tab)[0] and tab.take_returned_question() is None
    settle(tab)
    assert [turn.question for turn in chat_of(tab).turns] == ["one", "four"]


def test_edit_asks_the_new_question_in_place_of_the_old(world: World) -> None:
    tab = world.open()
    for question in ("one", "two"):
        world.ask(question)
        settle(tab)
    world.handlers.edit(SimpleNamespace(index=2, value="three"), request())  # type: ignore[arg-type]
    settle(tab)
    assert [turn.question for turn in chat_of(tab).turns] == ["one", "three"]


@pytest.mark.parametrize("index", [7, -3, (9, 0)])
def test_clicks_on_messages_that_are_gone_do_nothing(world: World, index: Any) -> None:
    tab = world.open()
    world.ask("one")
    settle(tab)
    world.handlers.regenerate(SimpleNamespace(index=index), request())  # type: ignore[arg-type]
    world.handlers.edit(SimpleNamespace(index=index, value="x"), request())  # type: ignore[arg-type]
    world.handlers.undo(SimpleNamespace(index=index), request())  # type: ignore[arg-type]
    assert tab.answering is None
    assert [turn.question for turn in chat_of(tab).turns] == ["one"]


def test_clear_forgets_the_turns_and_keeps_the_documents(world: World) -> None:
    tab = world.open()
    world.click("add-document", documentId=world.document())
    until(lambda: not chat_of(tab).reading)
    world.ask("one")
    settle(tab)
    world.handlers.clear(request())
    assert messages(tab) == []
    assert len(chat_of(tab).documents) == 1


def test_reading_can_be_paused_and_gone_on_with(slow: World) -> None:
    tab = slow.open()
    document = slow.document(pages=100)
    slow.click("add-document", documentId=document)
    until(lambda: chat_of(tab).documents[0].tokens_done > 0)
    slow.click("cancel-reading", documentId=document)
    assert chat_of(tab).documents[0].phase is ReadPhase.PAUSED
    slow.click("resume-reading", documentId=document)
    assert chat_of(tab).documents[0].active
    slow.click("remove-document", documentId=document)
    assert chat_of(tab).documents == []


def test_an_upload_becomes_a_document_and_leaves_no_file(world: World, tmp_path: Path) -> None:
    tab = world.open()
    upload = tmp_path / "0123" / "notes.md"
    upload.parent.mkdir()
    upload.write_text("# Notes\n\nThe mill burned down in 1843.\n")
    world.handlers.upload(event({"files": [{"name": "notes.md", "path": str(upload)}]}), request())
    until(lambda: not any(entry.running for entry in tab.imports))
    tab.settle()
    assert chat_of(tab).documents[0].name == "notes.md"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert tab.imports == []
    assert "notes.md: 1 page, about 360 tokens; reading takes about" in sentences(tab)[0]
    assert world.engine.measured, "the estimate has a speed to go by, the first time too"


@pytest.mark.parametrize("name", ["../../secret.txt", "/etc/passwd", "", "~/.ssh/id_rsa", "0123"])
def test_only_uploads_are_opened(world: World, tmp_path: Path, name: str) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-secret.txt"
    outside.write_text("secret")
    (tmp_path / "0123").mkdir()
    paths = [name, str(tmp_path / name), str(tmp_path / "0123" / ".." / ".." / outside.name), str(outside)]
    for path in paths:
        with pytest.raises(DocumentError, match="was not uploaded from this page"):
            world.uploads.take(path)
    assert outside.read_text() == "secret"


def test_links_are_not_uploads(world: World, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-linked.txt"
    outside.write_text("secret")
    link = tmp_path / "notes.txt"
    link.symlink_to(outside)
    with pytest.raises(DocumentError):
        world.uploads.take(str(link))


def test_an_upload_can_be_taken_once(world: World, tmp_path: Path) -> None:
    upload = tmp_path / "notes.txt"
    upload.write_text("words")
    taken = world.uploads.take(str(upload))
    assert taken.read_text() == "words"
    with pytest.raises(DocumentError):
        world.uploads.take(str(upload))
    world.uploads.discard(taken)
    assert not taken.parent.exists()


def test_a_failing_file_shows_its_sentence_until_it_is_dismissed(world: World, tmp_path: Path) -> None:
    tab = world.open()
    upload = tmp_path / "bad.pdf"
    upload.write_bytes(b"no pdf at all")
    world.handlers.upload(event({"files": [{"name": "bad.pdf", "path": str(upload)}]}), request())
    until(lambda: all(not entry.running for entry in tab.imports))
    tab.settle()
    (entry,) = tab.imports
    assert entry.state.error.startswith("bad.pdf ") and entry.state.error.endswith(".")
    assert entry.state.error in PARTS["documents"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert not upload.exists()
    world.click("dismiss-import", importId=entry.id)
    assert tab.imports == []


def test_a_kind_of_file_that_cannot_be_read_is_refused_by_name(world: World, tmp_path: Path) -> None:
    tab = world.open()
    upload = tmp_path / "a.exe"
    upload.write_bytes(b"MZ")
    world.handlers.upload(event({"files": [{"name": "a.exe", "path": str(upload)}]}), request())
    until(lambda: all(not entry.running for entry in tab.imports))
    assert "its name ends in .exe" in tab.imports[0].state.error
    assert not upload.exists()


def test_an_upload_refused_on_the_way_keeps_its_sentence(world: World) -> None:
    tab = world.open()
    world.handlers.upload(event({"files": [{"name": "big.pdf", "error": "Larger than 200 MB."}]}), request())
    tab.settle()
    assert tab.imports[0].state.error == "Larger than 200 MB."


@pytest.mark.parametrize(
    "data", [None, {}, {"action": "format-disk"}, {"action": "open-chat"}, {"action": "rename-chat"}]
)
def test_clicks_that_make_no_sense_harm_nothing(world: World, data: Any) -> None:
    tab = world.open()
    world.handlers.click(event(data), request())
    assert all("reload" in sentence for sentence in sentences(tab))


def test_chats_are_opened_renamed_found_and_deleted(world: World) -> None:
    tab = world.open()
    world.ask("first question")
    settle(tab)
    first = chat_of(tab).id
    world.click("new-chat")
    assert chat_of(tab).id != first and messages(tab) == []
    world.ask("second question")
    settle(tab)
    world.click("open-chat", chatId=first)
    assert messages(tab)[0]["content"] == "first question"

    world.click("ask-rename", chatId=first)
    assert 'data-enter="rename-chat"' in PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    world.click("rename-chat", chatId=first, value="  The mill  ")
    assert world.engine.list_chats()[-1].title == "The mill"
    world.click("search-chats", value="MILL")
    drawn = PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert "The mill" in drawn and "second question" not in drawn

    world.click("ask-delete", chatId=first)
    assert "Delete" in PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    world.click("delete-chat", chatId=first)
    assert first not in world.engine.chats
    assert chat_of(tab).id != first, "the open chat was deleted, so there is a new one"


def test_a_reload_comes_back_to_its_chat(world: World) -> None:
    tab = world.open()
    world.ask("one")
    settle(tab)
    again = world.open("two", remembered=chat_of(tab).id)
    assert again.chat is tab.chat
    assert world.open("three", remembered="nosuchchat").chat is not tab.chat
    assert world.open("four", remembered="../../etc").wanted_chat == ""


def test_closing_a_tab_stops_its_answer_and_frees_its_cache(slow: World) -> None:
    tab = slow.open()
    slow.ask("one")
    until(lambda: bool(chat_of(tab).turns))
    chat = chat_of(tab)
    slow.handlers.close_tab(request())
    assert slow.engine.closed_chats == [chat.id]
    until(lambda: not chat.answering)
    assert chat.turns[0].state is TurnState.STOPPED
    assert len(slow.tabs) == 0
    slow.handlers.close_tab(request())  # the browser may say so twice
    slow.handlers.close_tab(request("never opened"))


def test_a_chat_open_in_two_tabs_is_closed_with_the_last(world: World) -> None:
    tab = world.open("one")
    world.ask("one?")
    settle(tab)
    other = world.open("two", remembered=chat_of(tab).id)
    world.handlers.close_tab(request("one"))
    assert world.engine.closed_chats == []
    assert not chat_of(other).closed
    world.handlers.close_tab(request("two"))
    assert world.engine.closed_chats == [chat_of(other).id]


def test_a_second_tab_of_a_chat_sees_its_answer_and_can_stop_it(slow: World, components: Components) -> None:
    one = slow.open("one")
    slow.click("add-document", "one", documentId=slow.document(pages=2))
    until(lambda: not chat_of(one).reading)
    slow.ask("one?", "one")
    two = slow.open("two", remembered=chat_of(one).id)
    assert two.busy and two.moving and two.answering is None
    assert slow.ask("two?", "two") != ""
    assert "being written" in sentences(two)[0]
    until(lambda: bool(chat_of(one).turns))
    slow.handlers.stop(request("two"))
    gather(Follower(slow.handlers, components).chat(request("two")))
    assert "stopped" in str(messages(two)[1]["content"])


def test_a_page_that_comes_back_finds_its_chat(world: World, components: Components) -> None:
    """A computer that slept lost its connection: the tab was closed, but its page is still there."""
    tab = world.open()
    world.ask("one?")
    settle(tab)
    chat = chat_of(tab)
    world.handlers.close_tab(request())
    assert gather(Follower(world.handlers, components).parts(request())) == [], (
        "a page that is gone gets nothing"
    )
    assert len(world.tabs) == 0
    world.click("toggle-layers")
    again = world.tabs.get("one")
    assert again is not tab and again.chat is chat and again.show_layers


def test_leaving_a_chat_that_reads_lets_it_read_on(slow: World) -> None:
    tab = slow.open()
    slow.click("add-document", documentId=slow.document(pages=100))
    left = chat_of(tab)
    slow.click("new-chat")
    assert left in tab.background and left.reading and not left.closed
    slow.handlers.close_tab(request())
    assert left.closed


def test_leaving_an_idle_chat_frees_it(world: World) -> None:
    tab = world.open()
    left = chat_of(tab)
    world.click("new-chat")
    assert left.closed and not tab.background


def test_tabs_do_not_mix(world: World) -> None:
    one, two = world.open("one"), world.open("two")
    world.ask("from one", "one")
    world.ask("from two", "two")
    settle(one)
    settle(two)
    assert [messages(tab)[0]["content"] for tab in (one, two)] == ["from one", "from two"]


def test_a_comparison_runs_and_stops(slow: World) -> None:
    tab = slow.open()
    document = slow.document(pages=5)
    slow.handlers.compare([document], "What?", request())
    assert tab.comparing is not None and tab.moving
    slow.handlers.compare([document], "What?", request())  # the button now says Stop
    until(lambda: tab.comparing is not None and tab.comparing.finished)
    assert tab.comparing.state.outcome is not None and tab.comparing.state.outcome.cancelled


def test_a_comparison_without_a_question_says_why_not(world: World) -> None:
    tab = world.open()
    world.handlers.compare([], " ", request())
    assert "question is empty" in sentences(tab)[0]
    assert tab.comparing is None


def test_a_probe_runs_and_stops_and_goes_with_its_chat(slow: World) -> None:
    tab = slow.open()
    slow.click("probe")
    assert "no document" in sentences(tab)[0] and tab.probing is None
    slow.click("add-document", documentId=slow.document(pages=2))
    slow.click("probe")
    assert "still being read" in sentences(tab)[0] and tab.probing is None
    until(lambda: not chat_of(tab).reading)
    slow.click("probe")
    probing = tab.probing
    assert probing is not None and tab.moving
    slow.click("probe")  # the button now says Stop
    until(lambda: probing.finished)
    assert probing.state.ended is not None and probing.state.ended.cancelled
    slow.click("probe")
    again = tab.probing
    assert again is not None and again is not probing
    slow.click("new-chat")
    assert tab.probing is None
    until(lambda: again.finished)
    long = slow.document(pages=100, name="long.pdf")
    slow.click("add-document", documentId=long)
    slow.click("cancel-reading", documentId=long)
    slow.click("probe")
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
    tab = handlers.tab(request())
    until(lambda: loader.state.fraction is not None)
    drawn = PARTS["activity"](tab, None, loader.state)
    assert "Fetching the model: 40 of 93 MB" in drawn and "43%" in drawn
    handlers.ask("one?", request())
    upload = tmp_path / "early.txt"
    upload.write_text("words")
    handlers.upload(event({"files": [{"name": "early.txt", "path": str(upload)}]}), request())
    assert not upload.exists()
    handlers.click(event({"action": "new-chat"}), request())
    assert ["still being loaded" in sentence for sentence in sentences(tab)] == [True] * 3
    hold.set()
    assert loader.wait(5)
    handlers.enter(tab)
    assert tab.chat is not None


def test_a_load_failure_is_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def load(report: LoadReport) -> Any:
        raise ValueError("There is no model in /models/x; name another with --model.")

    loader = EngineLoader(load)
    loader.start()
    assert not loader.wait(5)
    drawn = PARTS["activity"](Tab("one"), None, loader.state)
    assert "There is no model in /models/x" in drawn and 'role="alert"' in drawn


def gather(stream: Any) -> list[list[Any]]:
    async def collect() -> list[list[Any]]:
        return [update async for update in stream]

    return asyncio.run(asyncio.wait_for(collect(), 20))


@pytest.fixture(scope="module")
def components(tmp_path_factory: pytest.TempPathFactory) -> Components:
    """The components of a real page; its handlers are those of a test's own world."""
    page = Page(EngineLoader(lambda report: None), UploadFolder(tmp_path_factory.mktemp("uploads")))  # type: ignore
    page.build()
    assert page.components is not None
    return page.components


@pytest.fixture
def follower(world: World, components: Components) -> Follower:
    return Follower(world.handlers, components)


def test_a_follower_ends_when_nothing_moves(world: World, follower: Follower) -> None:
    world.open()
    first = gather(follower.parts(request()))
    assert len(first) <= 2 and len(first[0]) == len(follower.part_outputs)
    assert len(gather(follower.parts(request()))) == 1, "nothing new, so one empty update"


def test_a_follower_sends_only_what_changed_until_the_answer_is_there(
    world: World, follower: Follower
) -> None:
    world.open()
    gather(follower.chat(request()))
    world.ask("one?")
    updates = gather(follower.chat(request()))
    transcripts = [update[0] for update in updates if isinstance(update[0], list)]
    assert transcripts[-1][1]["content"] == ANSWER
    assert all(a != b for a, b in zip(transcripts, transcripts[1:], strict=False))
    boxes = [update[1] for update in updates if isinstance(update[1], dict) and "stop_btn" in update[1]]
    assert boxes[0]["stop_btn"] is True and boxes[-1]["stop_btn"] is False


def test_a_follower_ends_with_its_tab(slow: World, components: Components) -> None:
    follower = Follower(slow.handlers, components)
    tab = slow.open()
    slow.click("add-document", documentId=slow.document(pages=1000))
    threading.Timer(0.2, lambda: slow.handlers.close_tab(request())).start()
    gather(follower.parts(request()))
    assert tab.closed


def test_one_event_lasts_as_long_as_the_page(slow: World) -> None:
    tab = slow.open()

    async def stay() -> None:
        staying = asyncio.create_task(slow.handlers.stay(request()))
        done, _ = await asyncio.wait([staying], timeout=0.2)
        assert not done and not tab.closed
        await asyncio.to_thread(slow.handlers.close_tab, request())
        await asyncio.wait_for(staying, 20)
        await asyncio.wait_for(slow.handlers.stay(request("never opened")), 20)

    asyncio.run(stay())


def test_settings_reach_the_chat_and_mistakes_say_so(world: World, components: Components) -> None:
    tab = world.open()
    form = components.form
    values = form.values(ChatSettings(sliding_window=480))
    assert form.settings(values) == ChatSettings(sliding_window=480), "what is shown is what is meant"
    values[form.seed] = "7"
    world.handlers.apply_settings(form)(values, request())
    assert chat_of(tab).settings.sliding_window == 480
    assert chat_of(tab).settings.sampling.seed == 7
    assert sentences(tab) == ["These settings are in use."]
    update = Follower(world.handlers, components)._changed_form(tab)
    assert update == {}, "the form is not written to while the reader may go on typing in it"

    for component, wrong, part in (
        (form.seed, "seven", "'seven' is not a whole number"),
        (form.sliding_window, 100_000, "over the 8,192"),
        (form.top_k, None, "top k is empty"),
    ):
        world.handlers.apply_settings(form)({**values, component: wrong}, request())
        assert part in sentences(tab)[0]
    assert chat_of(tab).settings.sliding_window == 480


def test_settings_preview_shows_the_cost_before_anything_changes(
    world: World, components: Components
) -> None:
    tab = world.open()
    world.click("add-document", documentId=world.document())
    until(lambda: not chat_of(tab).reading)
    form = components.form
    preview = world.handlers.preview_settings(form)
    values = form.values(chat_of(tab).settings)
    assert "read again" not in preview(values, request())
    changed = preview({**values, form.sliding_window: 480}, request())
    assert "read again: 10,800 tokens" in changed and "52.4 MB" in changed
    refused = preview({**values, form.sliding_window: 0}, request())
    assert "error" in refused and "sliding window" in refused
    assert preview({**values, form.sliding_window: None}, request()) == "", "the field is being typed in"
    assert chat_of(tab).settings.sliding_window == 960
