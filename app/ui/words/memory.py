"""The memory panel, the comparison of three kinds of memory, and what the memory alone knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated


@dataclass(frozen=True)
class MemoryWords:
    """tier: what the tiers are called. page_state: how the pages of a document are held."""

    nothing_read: str
    tokens_read_html: Plural
    per_layer: str
    word_by_word: str
    untrained: str
    limits: str
    note: Mapping[str, str]
    tier: Mapping[str, str]
    forgotten: str
    page_state: Mapping[str, str]
    tier_bar: str
    passages_title: Plural
    this_memory: str
    in_use: str
    full_attention: str
    times_as_much: str
    full_attention_bar: str
    this_chat: str
    this_chat_title: str
    on_disk: str
    one_page_state: str
    pages_state: str
    pages_of: str
    pages_by_state: str
    nothing_compressed: str
    state_norm: str
    share_of_output: str
    half_life: str
    by_layer: str
    layer: str
    layer_value: str
    never: str
    up_to: str
    none: str
    drawn_share: str
    strongest: str


@dataclass(frozen=True)
class ComparisonWords:
    """kind: what the kinds of memory keep."""

    what_it_is: str
    documents: str
    placeholder: str
    question_label: str
    button: str
    recall: str
    kind: Mapping[str, str]
    waiting: str
    looked_up: str
    reading_question: str
    answering: str
    reading: str
    empty_answer: str
    differ_title: str
    write: str
    first_token: str
    cache: str
    tokens_read: str
    stopped: str
    all_identical: str
    both_identical: str
    must_be: str
    pair_identical: str
    pair_parts: Plural
    pair_parts_at_once: str
    running: str


@dataclass(frozen=True)
class ProbeWords:
    """Cloze questions about what has left the window."""

    heading: str
    what_it_is: str
    find_out: str
    ask_again: str
    stop: str
    label: str
    stopped: str
    question_of: str
    reading: str
    score: str
    untrained: str
    chart: str
    given: str
    given_not_chosen: str
    right: str
    given_to_right: str
    n_of_total: str
    questions: str
    or_others: str
    still_reading: str
    paused: str


MEMORY = Translated(
    english=MemoryWords(
        nothing_read="Nothing read yet. However long a document is, this memory stays the same size.",
        tokens_read_html=Plural("<b>{n}</b> tokens read", "<b>{n}</b> tokens read"),
        per_layer="Per layer",
        word_by_word="Drawn from memory, word by word",
        untrained=(
            "The compressed memory of this model is untrained: it adds nothing yet, so answers are exactly those of "
            "sinks and window alone. Load a trained AHN checkpoint to change that."
        ),
        limits=(
            "Compressed memory keeps the gist, not the wording: names, numbers and quotations that have left the "
            "window cannot be recalled exactly."
        ),
        note={
            "window": "Window only: what has left the window is forgotten.",
            "full": "Full attention: every token is kept, and the memory grows with the document.",
        },
        tier={
            "full": "kept",
            "sinks": "sinks",
            "window": "window",
            "memory": "compressed",
            "unread": "gone",
            "recalled": "recalled",
        },
        forgotten="forgotten",
        page_state={
            "UNREAD": "unread",
            "COMPRESSED": "remembered",
            "VERBATIM": "word for word",
            "NO_TEXT": "no text",
            "RECALLED": "looked up",
        },
        tier_bar="Tokens by tier of memory",
        passages_title=Plural(
            "{n} passage of the text, read before the last answer alone",
            "{n} passages of the text, read before the last answer alone",
        ),
        this_memory="this memory",
        in_use="Memory in use",
        full_attention="full attention",
        times_as_much="{size} · {n} times as much",
        full_attention_bar="Full attention",
        this_chat="this chat in all",
        this_chat_title=(
            "This memory, and {size} of what turns have overwritten in it, so that an answer can be given again."
        ),
        on_disk="{size} on disk",
        one_page_state="page {first}: {state}",
        pages_state="pages {first} to {last}: {state}",
        pages_of="Pages of {name}",
        pages_by_state="Pages by state",
        nothing_compressed="Nothing has been compressed yet.",
        state_norm="State norm",
        share_of_output="Share of the output",
        half_life="Half-life in tokens",
        by_layer="{title} by layer",
        layer="layer {n}",
        layer_value="layer {n}: {value}",
        never="never",
        up_to="up to {most}",
        none="none",
        drawn_share="{percent} from compressed memory",
        strongest="strongest: {percent} from compressed memory",
    ),
)

COMPARISON = Translated(
    english=ComparisonWords(
        what_it_is="One document and one question, answered by the same weights with three kinds of memory.",
        documents="Documents",
        placeholder="Question",
        question_label="Question to compare",
        button="Compare",
        recall="Look things up in the text, the same for all three",
        kind={
            "full": "full attention, every token kept",
            "window": "sinks and window, the rest forgotten",
            "ahn": "sinks and window, the rest remembered",
        },
        waiting="waiting for the model",
        looked_up="looked up {passages}",
        reading_question="reading the question",
        answering="answering",
        reading="reading {name} · {rate}",
        empty_answer="an empty answer",
        differ_title="from here on the answers differ",
        write="write",
        first_token="to first token",
        cache="cache",
        tokens_read="tokens read",
        stopped="Stopped before all panes had answered.",
        all_identical="All three answers are identical.",
        both_identical="Both answers are identical.",
        must_be="Everything still fits the window, where they must be.",
        pair_identical="{first} and {second}: identical.",
        pair_parts=Plural(
            "{first} and {second} part after {n} character.",
            "{first} and {second} part after {n} characters.",
        ),
        pair_parts_at_once="{first} and {second} part at once.",
        running="A comparison is running; stop it to begin another one.",
    ),
)

PROBE = Translated(
    english=ProbeWords(
        heading="What does the memory alone know?",
        what_it_is=(
            "Up to ten passages that have left the window, each cut before a word: which of {choices} words comes "
            "next? The window alone and the AHN choose by probability; nothing is written."
        ),
        find_out="Find out",
        ask_again="Ask again",
        stop="Stop",
        label="What the memory alone knows",
        stopped="Stopped before all questions were answered.",
        question_of="{pane}: question {n} of {total}",
        reading="{pane}: {reading}",
        score="AHN {ahn} of {total}, window only {window} of {total}; guessing would get {guess}.",
        untrained="The memory of this model is untrained and adds nothing, so both answer alike.",
        chart="Probability of the right word, question by question",
        given="{pane}, “{word}”: {percent}",
        given_not_chosen="{pane}, “{word}”: {percent}, not its choice",
        right="right",
        given_to_right="given to the right word",
        n_of_total="{n} of {total}",
        questions="The questions",
        or_others="or {others}?",
        still_reading="The documents are still being read; ask what the memory knows when they are.",
        paused=(
            "{name} is read up to page {n} of {total}, and the questions are drawn from all of it; read it to its end "
            "first, or remove it from this chat."
        ),
    ),
)
