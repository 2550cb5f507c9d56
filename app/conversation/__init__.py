"""Chats over long documents.

    engine = Engine(model, tokenizer, Store(data_dir))
    chat = engine.new_chat(ChatSettings(attention_sinks=64, sliding_window=960))
    chat.add_document(document_id)                  # read in the background; chat.documents says how far
    for event in chat.ask("What does chapter 7 forbid?"):
        ...                                         # app.conversation.events

What is remembered
    A chat is one sequence of tokens: the system prompt, the documents in the order they were read, then the turns. One
    cache (`Reader`) holds them all. What a turn overwrites in it is kept (`TurnTails`), so that the turns can be taken
    out again: a document is read once, whatever is asked, answered again, edited or cleared.

Documents and turns
    Documents always come before the turns. Where more is read after a question was answered (the rest of a document,
    or one added later), the earlier turns are fed again, over the longer cache, with the next question: a few hundred
    tokens. This is also how a chat comes back after a restart. An answer given early (`ask(..., now=True)`) stays in
    the transcript as it was given, and its figures say how much had been read.

Looking up
    Passages of the documents' text (`Lookup`, over `app.recall`) are read right before the question and taken out with
    the turn when it is complete; then question and answer are read once more, without them. A turn keeps what it used
    (`Evidence`), and is held against the text when it is complete (`review`).

Pausing
    A paused document keeps what was read of it, and questions are answered from that. Another document may be read
    meanwhile; the rest of the first then follows later, under its name again. Nothing that was read is taken back.

Answering again
    Before each question the cache is marked (`TurnTails`: the newest tails in memory, older ones on disk, bounded).
    Regenerating and editing rewind to the mark; where it has been given up, to an earlier one, and the turns between
    are read again. Nothing is thrown away by it: the turns are a tree (`versions`), of which one path is shown, fed and
    looked up with. Choosing another version changes the path; its turns are fed with the next question. Deleting alone
    deletes.

On disk
    Readings (`ReadingSnapshots`) are kept by model, memory, settings, system prompt and documents, every 30 seconds,
    when paused and at the end, and serve every chat and comparison. Transcripts (`app.store`) are committed when a
    question is asked, every two seconds while it is answered, and at the end.

The device
    One conversation computes at a time, in the order of asking (`Device`): a reading gives the device back after every
    chunk, an answer keeps it to its end.
"""

from app.conversation.chat import Chat
from app.conversation.engine import Engine
from app.conversation.errors import (
    ChatBusyError,
    ChatClosedError,
    ChatError,
    SettingsError,
    UnknownChatError,
    UnreadableChatError,
)
from app.conversation.presets import Preset, PresetShelf
from app.conversation.settings import DEFAULT_SYSTEM_PROMPT, MEMORY_KINDS, ChatSettings, MemoryKind
from app.conversation.streams import EventStream

__all__ = [
    "DEFAULT_SYSTEM_PROMPT",
    "MEMORY_KINDS",
    "Chat",
    "ChatBusyError",
    "ChatClosedError",
    "ChatError",
    "ChatSettings",
    "Engine",
    "EventStream",
    "MemoryKind",
    "Preset",
    "PresetShelf",
    "SettingsError",
    "UnknownChatError",
    "UnreadableChatError",
]
