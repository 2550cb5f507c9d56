"""The drawn parts of the page: numbers as people read them, and nothing of a stranger's file as markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from ahn_core import CacheStats, LayerStats
from app.conversation import ChatSettings
from app.conversation.events import (
    AnswerPiece,
    AnswerToken,
    CompareEvent,
    PageState,
    PageStates,
    PaneFailed,
    Reading,
    ReadingEstimate,
    ReadPhase,
    ReadState,
    Turn,
    TurnState,
    Waiting,
)
from app.conversation.turns import Held
from app.store import ChatSummary
from app.ui.views import chats, comparison, documents, facts, markup, memory, status, transcript
from app.ui.views.transcript import Ways
from tests.app.ui.desk import words
from tests.app.ui.fakes import figures

HOSTILE = """<img src=x onerror=alert(1)>"'`${1+1}{{value}}</article>.pdf"""
STATE = ReadState(
    "d1", "manual.pdf", ReadPhase.READING, 261, 161, (), 131_737, 212_480, True, 640.4, 126.0, 52_400_000
)
STATS = CacheStats(
    "ahn", 212_480, 64, 960, 211_456, 2_949_120, 44_236_800, 5_214_080, 52_400_000, 9_790_000_000, ()
)
LAYERS = (LayerStats(2.0, 0.1, 350.0), LayerStats(4.0, 0.3, 1200.0))


class Elements(HTMLParser):
    """Collects tags and attributes, and fails on unbalanced markup."""

    VOID = frozenset({"input", "img", "br", "path", "rect"})

    def __init__(self, drawn: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(drawn)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("nbytes", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (52_428_800, "52.4 MB"),
        (999_600_000, "1.0 GB"),
        (9.8e9, "9.8 GB"),
    ],
)
def test_sizes(nbytes: int, shown: str) -> None:
    assert markup.size(int(nbytes)) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (0.31, "0.3 s"),
        (-1, "0.0 s"),
        (42.4, "42 s"),
        (126, "2 min"),
        (3600, "1 h 0 min"),
        (8000, "2 h 13 min"),
    ],
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert markup.duration(seconds) == shown


def test_only_a_finished_document_is_at_100_percent() -> None:
    assert markup.percent(0.9999) == "99%"
    assert markup.percent(1.0) == "100%"


def test_rates_before_a_measurement_are_a_dash() -> None:
    assert markup.rate(None) == "– tok/s"
    assert markup.rate(0.0) == "– tok/s"
    assert markup.rate(7.25) == "7.2 tok/s"
    assert markup.rate(1640.4) == "1,640 tok/s"


def test_card_shows_pages_tokens_share_rate_time_and_memory() -> None:
    seen = words(documents.cards([STATE], ready=True))
    for part in ("manual.pdf", "261 pages", "212,480 tokens", "61%", "640 tok/s", "2 min left", "52.4 MB"):
        assert part in seen
    assert "about" not in seen


def test_card_says_what_is_estimated_before_reading() -> None:
    queued = replace(STATE, phase=ReadPhase.QUEUED, tokens_done=0, pages_done=0, tokens_exact=False)
    seen = words(documents.cards([queued], ready=True))
    assert "about 212,480 tokens" in seen
    assert "in line, about 2 min" in seen


@pytest.mark.parametrize(
    ("phase", "action"),
    [
        (ReadPhase.READING, "cancel-reading"),
        (ReadPhase.QUEUED, "cancel-reading"),
        (ReadPhase.PAUSED, "resume-reading"),
        (ReadPhase.FAILED, "resume-reading"),
    ],
)
def test_card_offers_what_can_be_done(phase: ReadPhase, action: str) -> None:
    attributes = Elements(documents.cards([replace(STATE, phase=phase)], ready=True)).attributes
    assert ("data-action", action) in attributes
    assert ("data-document-id", "d1") in attributes


def test_pages_without_text_are_named() -> None:
    seen = words(documents.cards([replace(STATE, pages_without_text=(1, 2, 3, 7))], ready=True))
    assert "no text layer on pages 1-3, 7" in seen


def test_many_pages_without_text_do_not_flood_the_card() -> None:
    sentence = documents.no_text_layer(tuple(range(1, 400, 2)), 800)
    assert len(sentence) < 140
    assert "and 188 more stretches" in sentence


def test_a_failed_file_keeps_its_sentence_and_can_be_dismissed() -> None:
    failed = documents.ImportState("i1", "bad.pdf", error="bad.pdf is encrypted; remove its password.")
    drawn = documents.cards([], [failed], ready=True)
    assert "bad.pdf is encrypted; remove its password." in words(drawn)
    assert ("data-import-id", "i1") in Elements(drawn).attributes


def test_nothing_can_be_added_while_the_model_loads() -> None:
    assert ("disabled", None) in Elements(documents.cards([], ready=False)).attributes
    assert ("disabled", None) not in Elements(documents.cards([], ready=True)).attributes


def test_estimate_sentence() -> None:
    estimate = ReadingEstimate(82_160, False, 640.0, 128.0, 55_200_000)
    assert documents.estimate_sentence("a.pdf", 114, estimate) == (
        "a.pdf: 114 pages, about 82,160 tokens; reading takes about 2 min and 55.2 MB of memory."
    )
    unmeasured = replace(estimate, seconds=None, tokens_exact=True)
    assert "114 pages, 82,160 tokens; reading takes a time not measured yet" in documents.estimate_sentence(
        "a.pdf", 114, unmeasured
    )
    assert "nothing has to be read again" in documents.estimate_sentence(
        "a.pdf", 114, replace(estimate, tokens=0)
    )


def hostile_parts() -> dict[str, str]:
    """Every part of the page, with a hostile name or text wherever one can come from a file or a reader."""
    state = replace(STATE, name=HOSTILE, document_id=HOSTILE, message=HOSTILE)
    summary = ChatSummary(HOSTILE, HOSTILE, 0.0, 0.0, 1, (HOSTILE,))
    pane = comparison.CompareState(HOSTILE)
    for event in (Reading(state, 0.5), AnswerToken(HOSTILE, 0.1, 1, 70.0)):
        pane = pane.after(CompareEvent("window", event))
    pane = pane.after(CompareEvent("full", PaneFailed(HOSTILE)))
    model = facts.ModelFacts(HOSTILE, HOSTILE, 1, 1, HOSTILE, True, 1, 1, *[HOSTILE] * 5)
    return {
        "cards": documents.cards(
            [state],
            [documents.ImportState(HOSTILE, HOSTILE, error=HOSTILE), documents.ImportState("i", HOSTILE)],
            [documents.LibraryEntry(HOSTILE, HOSTILE, 3)],
            ready=True,
        ),
        "reading": documents.reading_line([state]),
        "read": documents.reading_line([replace(state, phase=ReadPhase.DONE)]),
        "chats": chats.chat_list([summary], HOSTILE),
        "renaming": chats.chat_list([summary], "", renaming=HOSTILE),
        "deleting": chats.chat_list([summary], "", deleting=HOSTILE),
        "memory": memory.panel(
            STATS,
            [PageStates(HOSTILE, HOSTILE, b"\x00\x01\x02")],
            trained=True,
            answer=[AnswerPiece(HOSTILE, 0.5)],
            show_answer=True,
        ),
        "waiting": status.waiting_line(Waiting(1.0, 0, state)),
        "loading": status.loading_line(status.Loading(HOSTILE, 0.5)),
        "failed": status.loading_line(status.Loading(error=HOSTILE)),
        "top": status.top_bar(HOSTILE),
        "panes": comparison.panes(pane),
        "facts": facts.model_facts(model),
    }


@pytest.mark.parametrize("part", sorted(hostile_parts()))
def test_names_and_texts_are_never_markup(part: str) -> None:
    drawn = hostile_parts()[part]
    elements = Elements(drawn)  # also fails where the closing tag in the name closed something
    assert "img" not in elements.tags
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert HOSTILE in elements.rawdata or "&lt;img src=x onerror=alert(1)&gt;" in drawn


def test_memory_panel_adds_up() -> None:
    drawn = re.sub('<button type="button" class="why".*?</span>', "", memory.panel(STATS, trained=True))
    seen = words(drawn)
    for part in ("212,480 tokens read", "sinks word for word 64", "window word for word 960"):
        assert part in seen
    assert "compressed remembered 211,456" in seen
    assert "this memory 52.4 MB full attention 9.8 GB · 187 times as much" in seen


def test_the_panel_says_what_the_chat_takes_in_all() -> None:
    seen = words(memory.panel(STATS, trained=True, held=Held(52_400_000, 3, 9_000_000, 12_000_000)))
    assert "this chat in all 61.4 MB · 12.0 MB on disk" in seen
    assert "in all" not in words(memory.panel(STATS, trained=True, held=Held(52_400_000, 0, 0, 0)))


def test_untrained_memory_says_that_it_adds_nothing() -> None:
    assert "untrained: it adds nothing yet" in words(memory.panel(STATS, trained=False))
    assert "untrained: it adds nothing yet" in words(memory.panel(None, trained=False))
    assert "cannot be recalled exactly" in words(memory.panel(STATS, trained=True))


def test_window_memory_says_what_is_forgotten() -> None:
    seen = words(memory.panel(replace(STATS, kind="window", memory_bytes=0), trained=True))
    assert "gone forgotten 211,456" in seen
    assert "remembered" not in seen
    assert "Per layer" not in seen


def test_bars_are_well_formed_and_fill_their_width() -> None:
    drawn = ElementTree.fromstring(memory.tier_bar(STATS))
    rects = drawn.findall("rect")
    assert [rect.get("class") for rect in rects] == ["sinks", "window", "memory"]
    last = rects[-1]
    assert float(last.get("x", "")) + float(last.get("width", "")) == pytest.approx(memory.WIDTH, abs=5)
    assert all(float(rect.get("width", "")) >= 10 for rect in rects)


def test_proportional_widths_keep_slivers_visible_and_the_total() -> None:
    widths = memory.proportional([64, 960, 211_456], 1000, least=14)
    assert widths[:2] == [14, 14]
    assert sum(widths) == pytest.approx(1000)
    assert memory.proportional([1, 1], 1000, least=14) == [500, 500]
    assert memory.proportional([], 1000, least=14) == []
    assert sum(memory.proportional([0, 0, 5], 1000, least=14)) == pytest.approx(1000)


def test_bytes_are_drawn_to_one_scale() -> None:
    drawn = memory.bytes_bars(STATS)
    *own, full = ElementTree.fromstring(f"<div>{drawn}</div>").iter("rect")
    assert [rect.get("class") for rect in own] == ["sinks", "window", "memory"]
    ends = max(float(rect.get("x", "")) + float(rect.get("width", "")) for rect in own)
    ratio = STATS.full_attention_bytes / STATS.nbytes
    assert float(full.get("width", "")) / ends == pytest.approx(ratio, rel=0.3)
    assert f"this memory {markup.size(STATS.nbytes)}" in words(drawn)
    assert f"full attention {markup.size(STATS.full_attention_bytes)} · " in words(drawn)


def test_full_attention_is_not_drawn_beside_itself() -> None:
    drawn = memory.bytes_bars(replace(STATS, kind="full"))
    assert "full attention" not in drawn and drawn.count("<svg") == 1


def test_a_memory_larger_than_full_attention_does_not_say_that_it_is_smaller() -> None:
    assert "times" not in memory.bytes_bars(replace(STATS, full_attention_bytes=STATS.nbytes // 2))


def test_page_strip_merges_runs() -> None:
    states = bytes(
        [PageState.VERBATIM]
        + [PageState.COMPRESSED] * 200
        + [PageState.VERBATIM] * 4
        + [PageState.UNREAD] * 56
    )
    assert memory.page_runs(states) == [
        (1, 1, PageState.VERBATIM),
        (2, 201, PageState.COMPRESSED),
        (202, 205, PageState.VERBATIM),
        (206, 261, PageState.UNREAD),
    ]
    drawn = memory.page_strip(PageStates("d", "manual.pdf", states))
    assert re.findall(r'<rect class="(\w+)"', drawn) == ["unread", "memory", "window", "window"]
    assert "pages 2 to 201: remembered" in drawn
    assert "page 1: word for word" in drawn


def test_a_strip_of_five_thousand_pages_is_small() -> None:
    states = bytes([PageState.COMPRESSED] * 4990 + [PageState.VERBATIM] * 10)
    assert len(memory.page_strip(PageStates("d", "long.pdf", states))) < 1500


def test_pages_without_text_have_a_name_of_their_own() -> None:
    pages = [PageStates("d", "scan.pdf", bytes([PageState.VERBATIM, PageState.NO_TEXT, PageState.NO_TEXT]))]
    drawn = memory.panel(STATS, pages, trained=True)
    assert "pages 2 to 3: no text" in drawn
    assert "word for word 1 no text 2" in words(drawn)


def test_layers_are_drawn_on_demand() -> None:
    stats = replace(STATS, layers=LAYERS)
    assert "State norm" not in memory.panel(stats, trained=True)
    drawn = memory.panel(stats, trained=True, show_layers=True)
    for part in (
        "State norm",
        "up to 4",
        "Share of the output",
        "up to 30.0%",
        "Half-life in tokens",
        "up to 1,200",
    ):
        assert part in words(drawn)
    assert "layer 2: 1,200" in drawn


def test_cells_without_decay_have_no_half_life_and_endless_ones_do_not_break_the_scale() -> None:
    none = tuple(replace(layer, half_life=None) for layer in LAYERS)
    assert "Half-life" not in memory.layer_charts(none)
    endless = (replace(LAYERS[0], half_life=float("inf")), LAYERS[1])
    drawn = memory.layer_charts(endless)
    assert "layer 1: never" in drawn
    assert "inf" not in drawn and "nan" not in drawn


def test_tint_is_to_the_scale_of_the_strongest_token() -> None:
    drawn = memory.tinted_answer([AnswerPiece("a", 0.1), AnswerPiece("", 0.9), AnswerPiece("b", 0.2)])
    assert "--share:0.11" in drawn
    assert drawn.count("<span style") == 2, "incomplete characters have no text to tint"
    assert "strongest: 90.0%" in drawn
    assert "--share:0.00" in memory.tinted_answer([AnswerPiece("a", 0.0)])


def test_waiting_for_a_document_can_be_cut_short_and_for_others_not() -> None:
    assert "Ask about what has been read so far" in status.waiting_line(Waiting(1.0, 0, STATE))
    others = words(status.waiting_line(Waiting(1.0, 2)))
    assert "Waiting for 2 other answers" in others and "Ask about what" not in others


def test_status_line_shows_live_rates_then_the_last_answer() -> None:
    writing = words(status.status_line(writing=AnswerToken("a", 0.0, 12, 74.4), context=10_812))
    assert (
        "write 74 tok/s" in writing
        and "answer 12 tokens" in writing
        and "in context 10,812 tokens" in writing
    )
    last = figures("one two", 10_800, 10_800)
    assert "answer reading the question" in words(status.status_line(asking=True, last=last))
    done = words(status.status_line(last=last, context=10_802))
    assert "to first token 0.3 s" in done and "answer 2 tokens" in done


def test_the_conversation_shows_every_turn_and_how_it_ended() -> None:
    done = Turn("one?", "One.", TurnState.DONE, (), figures("One.", 10, 10))
    stopped = Turn("two?", "Tw", TurnState.STOPPED, (), figures("Tw", 720, 1440, read_all=False))
    cut_off = Turn("2?", "T", TurnState.STOPPED, message="cut off when the program ended")
    assert "<small>cut off when the program ended" in transcript.last([cut_off])
    failed = Turn(
        "three?", "", TurnState.FAILED, message="The device is out of memory; choose a smaller window."
    )
    above = words(transcript.earlier([done, stopped, failed, Turn("four?")]))
    assert (
        "one? One. two? Tw stopped · from 2 of 4 pages" in above
        and "three? The device is out of memory" in above
    )
    assert "Ask about long documents" in words(transcript.last([]))
    assert words(transcript.last([Turn("five?")])) == "five? …"
    assert "an empty answer" in transcript.last([replace(done, answer="")])


def test_what_is_asked_and_answered_is_shown_whole() -> None:
    turn = Turn("Explain Vec<String> __init__", "It is <config>80</config> for x<y.", TurnState.DONE)
    drawn = transcript.last([turn])
    assert (
        "Explain Vec&lt;String&gt; __init__" in drawn
        and "&lt;config&gt;80&lt;/config&gt; for x&lt;y." in drawn
    )
    assert f'data-text="{markup.text(turn.answer)}"' in drawn, "copied as it was written"


def test_a_question_is_edited_in_its_place() -> None:
    turns = [Turn("<one>", "1", TurnState.DONE), Turn("two", "2", TurnState.DONE)]
    drawn = transcript.earlier(turns, Ways(editing=0))
    assert ">&lt;one&gt;</textarea>" in drawn and 'data-action="save-edit" data-turn="0"' in drawn
    assert "textarea" not in transcript.last(turns, Ways(editing=0))
    busy = transcript.last(turns, Ways(busy=True))
    assert 'data-action="copy"' in busy and "regenerate" not in busy and "edit-question" not in busy


def test_chat_list_says_what_cannot_be_opened() -> None:
    listed = [ChatSummary("one", "Mill", 0.0, 0.0, 2, (), "a newer AHN Chat wrote it")]
    drawn = chats.chat_list(listed, "")
    assert "2 questions · cannot be opened: a newer AHN Chat wrote it" in drawn


def test_chat_list_marks_the_open_chat() -> None:
    listed = [ChatSummary(name, name, 0, 0, 2, ("a.pdf",)) for name in ("one", "two")]
    drawn = chats.chat_list(listed, "two")
    assert drawn.count("aria-current") == 1
    assert "2 questions · a.pdf" in drawn
    assert "No chat contains this." in chats.chat_list([], "", query="zebra")


def test_memory_cost_names_what_is_read_again() -> None:
    again = ReadingEstimate(82_160, True, 640.0, 128.0, 55_200_000)
    drawn = words(facts.memory_cost(ChatSettings(), 55_200_000, 82_160, again))
    assert "64 sinks and a window of 960 tokens take 55.2 MB , whatever the length" in drawn
    assert "read again: 82,160 tokens, about 2 min" in drawn
    kept = words(facts.memory_cost(ChatSettings(), 55_200_000, 82_160, replace(again, tokens=0)))
    assert "again" not in kept
    full = words(facts.memory_cost(ChatSettings(memory="full"), 3_800_000_000, 82_160, again))
    assert "3.8 GB for 82,160 tokens, and more for more" in full
