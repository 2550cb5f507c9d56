"""The page strip."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ahn_core import CacheStats
from app.conversation.entries import Entry
from app.conversation.events import PageState
from app.conversation.pages import Segment, document_pages, page_states


def one_by_one(sizes: list[int], segments: list[Segment], verbatim: list[tuple[int, int]]) -> bytes:
    """What `page_states` means: token by token."""
    total = sum(sizes)
    positions: dict[int, int] = {}  # of a token of the document, in the sequence
    for segment in segments:
        for token in range(segment.start, segment.done):
            positions[token] = segment.offset + token - segment.start
    states, start = [], 0
    for size in sizes:
        tokens = list(range(start, start + size)) or [min(start, total - 1)]
        read = sum(token in positions for token in tokens)
        exact = sum(any(a <= positions[t] < b for a, b in verbatim) for t in tokens if t in positions)
        if 2 * exact >= len(tokens):
            states.append(PageState.VERBATIM)
        else:
            states.append(PageState.COMPRESSED if 2 * read >= len(tokens) else PageState.UNREAD)
        start += size
    return bytes(states)


@given(st.data())
def test_states_are_those_of_the_tokens(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any))
    total = sum(sizes)
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=3)))
    segments, offset = [], data.draw(st.integers(0, 5))
    for start, done in zip([0, *cuts], cuts, strict=False):
        segments.append(Segment("d", start, None, offset, done))
        offset += done - start + data.draw(st.integers(0, 7))  # another document in between
    sinks = data.draw(st.integers(0, offset))
    window = data.draw(st.integers(0, max(offset - sinks, 0)))
    verbatim = [(0, sinks), (offset - window, offset)]
    starts = np.cumsum([0, *sizes])
    assert page_states(starts, segments, verbatim) == one_by_one(sizes, segments, verbatim)


def test_a_page_with_a_few_tokens_in_the_sinks_is_not_shown_as_verbatim() -> None:
    states = page_states(
        np.array([0, 100, 200, 300]), [Segment("d", 0, None, 10, 260)], [(0, 40), (200, 270)]
    )
    assert list(states) == [PageState.COMPRESSED, PageState.COMPRESSED, PageState.VERBATIM]


def test_five_thousand_pages_in_two_runs() -> None:
    starts = np.arange(5_001) * 700
    segments = [
        Segment("d", 0, 1_000_000, 50, 1_000_000),
        Segment("d", 1_000_000, None, 1_400_000, 3_000_000),
    ]
    states = page_states(starts, segments, [(0, 64), (3_399_040, 3_400_000)])
    assert states.count(PageState.VERBATIM) == 2
    assert states.count(PageState.COMPRESSED) == 3_000_000 // 700 - 1
    assert len(states) == 5_000


def test_pages_without_text_are_neither_held_nor_unread() -> None:
    entry = Entry("d", "scan.pdf", 4, (2, 4), 300, page_starts=np.array([0, 150, 150, 300, 300]))
    blank, unread, held = PageState.NO_TEXT, PageState.UNREAD, PageState.VERBATIM
    (drawn,) = document_pages([entry], [], None)
    assert list(drawn.states) == [unread, blank, unread, blank]
    stats = CacheStats("window", 310, 0, 310, 0, 0, 0, 0, 0, 0, ())
    (drawn,) = document_pages([entry], [Segment("d", 0, None, 10, 300)], stats)
    assert list(drawn.states) == [held, blank, held, blank]
