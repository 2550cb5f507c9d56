"""The conversation: turns, what can be done to them, what an answer rests on, the text box, the list of chats."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated


@dataclass(frozen=True)
class ChatWords:
    """Questions and answers, and the chats they are in."""

    empty_heading: str
    empty: str
    copy_all: str
    clear: str
    clear_again: str
    your_question: str
    answer: str
    ask_again: str
    edit_label: str
    copy_question: str
    edit_question: str
    copy_answer: str
    answer_again: str
    undo: str
    empty_answer: str
    stopped: str
    cut_off: str
    repeated: str
    from_pages: Plural
    quotes_from_all: str
    from_documents: str
    open_page: str
    of_something_else: str
    found_of_something_else: str
    found_on_of_something_else: str
    found_title: str
    found_here: str
    elsewhere: str
    found_elsewhere: str
    not_in_documents: str
    picture: str
    done: str
    not_done: str
    ask_label: str
    send: str
    send_title: str
    stop: str
    stop_title: str
    too_long: str
    same_answer: str
    one_at_a_time: str
    turn_gone: str
    no_entry: str
    chats: str
    no_chat_contains: str
    chats_appear: str
    search_placeholder: str
    search_label: str
    new: str
    new_title: str
    new_name: str
    ask_delete: str
    cannot_be_opened: str
    pin: str
    unpin: str
    rename: str
    delete: str
    internal_error: str
    add_later: str
    ask_later: str


CHAT = Translated(
    english=ChatWords(
        empty_heading="Ask about long documents",
        empty=(
            "Each is read once, in full, in a fixed amount of memory. The memory panel shows what is held word for "
            "word and what is only remembered."
        ),
        copy_all="Copy this conversation",
        clear="Clear this conversation",
        clear_again="Click again to clear this conversation",
        your_question="Your question",
        answer="Answer",
        ask_again="Ask again",
        edit_label="Edit the question",
        copy_question="Copy the question",
        edit_question="Edit the question",
        copy_answer="Copy the answer",
        answer_again="Answer again",
        undo="Take this turn back",
        empty_answer="an empty answer",
        stopped="stopped",
        cut_off="cut off at the longest answer allowed in Settings",
        repeated="ended where it began to repeat itself",
        from_pages=Plural(
            "from {read} of {n} page, all that was read by then",
            "from {read} of {n} pages, all that was read by then",
        ),
        quotes_from_all="; the quotes are from the whole text",
        from_documents="From your documents",
        open_page="Open this page: {label}",
        of_something_else="of something else",
        found_of_something_else="found, but said of something else",
        found_on_of_something_else="found on {page}, but said of something else",
        found_title="Found, {page}",
        found_here="found here, {page}",
        elsewhere="elsewhere",
        found_elsewhere="found elsewhere, {page}",
        not_in_documents="not in your documents",
        picture="picture",
        done="done",
        not_done="not done",
        ask_label="Ask about your documents",
        send="Send",
        send_title="Send (Enter)",
        stop="Stop",
        stop_title="Stop (Esc)",
        too_long=(
            "This question has {n} characters, over the {limit} a question may have; add it as a document."
        ),
        same_answer=(
            "At temperature 0 the same question over the same memory gives the same answer; raise the temperature in "
            "Settings for another one."
        ),
        one_at_a_time="One answer at a time: wait for this one, or stop it with Esc, and ask again.",
        turn_gone="This turn is no longer there, so nothing was done; the conversation is shown as it is.",
        no_entry="The page sent no {entry}; reload it.",
        chats="Chats",
        no_chat_contains="No chat contains this.",
        chats_appear="Chats appear here with their first question.",
        search_placeholder="Search everything",
        search_label="Search chats and documents",
        new="New",
        new_title="Start a new chat",
        new_name="New name",
        ask_delete="Delete “{title}”?",
        cannot_be_opened="cannot be opened: {reason}",
        pin="Pin {title} to the top",
        unpin="Unpin {title}",
        rename="Rename {title}",
        delete="Delete {title}",
        internal_error=(
            "This ended because of an error in AHN Chat; the terminal shows it, and everything before it is kept."
        ),
        add_later="The model is still being loaded; add the document again when it is there.",
        ask_later="The model is still being loaded; ask again when it is there.",
    ),
)
